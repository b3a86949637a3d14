-- +goose Up
-- Which archive belongs to this database: at most one row.
CREATE TABLE archive_mark (
	one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
	id      TEXT    NOT NULL,
	written INTEGER NOT NULL CHECK (written IN (0, 1)) -- the archive was seen to carry the id
) STRICT;
