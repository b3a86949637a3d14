-- +goose Up
CREATE TABLE api_keys (
	name         TEXT    NOT NULL PRIMARY KEY,
	sum          BLOB    NOT NULL, -- SHA-256 of the key, which itself is kept nowhere
	methods      TEXT    NOT NULL, -- with commas between them
	created_at   INTEGER NOT NULL,
	last_used_at INTEGER NOT NULL, -- 0: never
	revoked_at   INTEGER NOT NULL  -- 0: it is good
) STRICT;
