-- +goose Up
CREATE TABLE IF NOT EXISTS api_keys (
	name         VARBINARY(64)  NOT NULL PRIMARY KEY,
	sum          BINARY(32)     NOT NULL, -- SHA-256 of the key, which itself is kept nowhere
	methods      VARBINARY(255) NOT NULL, -- with commas between them
	created_at   BIGINT         NOT NULL,
	last_used_at BIGINT         NOT NULL, -- 0: never
	revoked_at   BIGINT         NOT NULL  -- 0: it is good
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
