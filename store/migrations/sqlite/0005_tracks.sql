-- +goose Up
CREATE TABLE tracks (
	recording_id TEXT    NOT NULL REFERENCES recordings (id),
	nth          INTEGER NOT NULL,
	file         TEXT    NOT NULL,
	voice        TEXT    NOT NULL,
	party        TEXT    NOT NULL,
	started_at   INTEGER NOT NULL,
	PRIMARY KEY (recording_id, nth)
) STRICT, WITHOUT ROWID;
