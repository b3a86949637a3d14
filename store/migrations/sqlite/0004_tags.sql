-- +goose Up
CREATE TABLE tags (
	recording_id TEXT    NOT NULL REFERENCES recordings (id),
	tag          TEXT    NOT NULL,
	nth          INTEGER NOT NULL, -- the highest is the newest
	added_at     INTEGER NOT NULL,
	asked_at     INTEGER NOT NULL, -- of the recording, so that the index below gives the order of lists
	PRIMARY KEY (recording_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_tag ON tags (tag, asked_at, recording_id);
