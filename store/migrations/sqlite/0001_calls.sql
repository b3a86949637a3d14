-- +goose Up
-- Times are milliseconds since 1970 in UTC, 0 means not yet.
CREATE TABLE calls (
	id          TEXT    NOT NULL PRIMARY KEY,
	pbx         TEXT    NOT NULL,
	linked_id   TEXT    NOT NULL,
	started_at  INTEGER NOT NULL,
	answered_at INTEGER NOT NULL,
	ended_at    INTEGER NOT NULL,
	-- 1 while recordings join this call, else NULL: NULLs are never equal, so
	-- the index allows one such call per linked id and any number of ended ones.
	joinable    INTEGER CHECK (joinable = 1)
) STRICT;
CREATE UNIQUE INDEX calls_joinable ON calls (pbx, linked_id, joinable);
