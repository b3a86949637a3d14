-- +goose Up
CREATE TABLE steps (
	recording_id TEXT    NOT NULL REFERENCES recordings (id),
	nth          INTEGER NOT NULL,
	made_at      INTEGER NOT NULL,
	state        TEXT    NOT NULL,
	reason       TEXT    NOT NULL,
	PRIMARY KEY (recording_id, nth)
) STRICT, WITHOUT ROWID;
