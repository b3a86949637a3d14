-- +goose Up
-- Times are milliseconds since 1970 in UTC, 0 means not yet. Text is
-- VARBINARY: compared byte for byte by every server, trailing blanks too.
-- Each file holds one statement that may be run again after a failure.
CREATE TABLE IF NOT EXISTS calls (
	id          VARBINARY(64)   NOT NULL PRIMARY KEY,
	pbx         VARBINARY(255)  NOT NULL,
	linked_id   VARBINARY(1020) NOT NULL,
	started_at  BIGINT          NOT NULL,
	answered_at BIGINT          NOT NULL,
	ended_at    BIGINT          NOT NULL,
	-- 1 while recordings join this call, else NULL: NULLs are never equal, so
	-- the index allows one such call per linked id and any number of ended ones.
	joinable    TINYINT,
	UNIQUE INDEX calls_joinable (pbx, linked_id, joinable)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
