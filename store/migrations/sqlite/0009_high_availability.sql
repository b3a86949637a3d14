-- +goose Up
-- Several programs on one database.
-- Work that one of several programs does at a time.
CREATE TABLE leases (
	name       TEXT    NOT NULL PRIMARY KEY,
	holder     TEXT    NOT NULL,
	held_until INTEGER NOT NULL -- by the clock of the database
) STRICT, WITHOUT ROWID;
-- One row for each channel that is being recorded (starting or recording): the
-- key lets one of two programs through that start the same one at once.
CREATE TABLE recorded_channels (
	pbx          TEXT NOT NULL,
	unique_id    TEXT NOT NULL,
	recording_id TEXT NOT NULL,
	PRIMARY KEY (pbx, unique_id)
) STRICT, WITHOUT ROWID;
-- What was begun by a program that did not keep the table yet.
INSERT OR IGNORE INTO recorded_channels (pbx, unique_id, recording_id)
	SELECT pbx, unique_id, id FROM recordings WHERE state IN ('starting', 'recording') ORDER BY id;
