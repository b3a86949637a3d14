-- +goose Up
-- What a track says of itself, beside its file. The defaults are for an older
-- program that still runs: an empty text or 0 means as the recording says.
ALTER TABLE tracks ADD COLUMN channel TEXT NOT NULL DEFAULT '';
ALTER TABLE tracks ADD COLUMN unique_id TEXT NOT NULL DEFAULT '';
ALTER TABLE tracks ADD COLUMN recorder TEXT NOT NULL DEFAULT '';
ALTER TABLE tracks ADD COLUMN handle TEXT NOT NULL DEFAULT '';
ALTER TABLE tracks ADD COLUMN state TEXT NOT NULL DEFAULT '';
ALTER TABLE tracks ADD COLUMN stopped_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tracks ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
-- How far the rows that were there have got what later versions added, see
-- oldrows.go: at most one row, and none once all have.
CREATE TABLE rows_to_fill (
	one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
	up_to TEXT    NOT NULL -- id of the last recording that has
) STRICT;
INSERT INTO rows_to_fill (one, up_to) VALUES (1, '');
DROP TABLE reasons_to_code;
