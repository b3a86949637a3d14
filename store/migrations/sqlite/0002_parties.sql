-- +goose Up
CREATE TABLE parties (
	call_id   TEXT    NOT NULL REFERENCES calls (id),
	unique_id TEXT    NOT NULL,
	nth       INTEGER NOT NULL, -- order in which the parties became known
	channel   TEXT    NOT NULL,
	extension TEXT    NOT NULL,
	caller_id TEXT    NOT NULL,
	PRIMARY KEY (call_id, unique_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX parties_unique_id ON parties (unique_id, call_id);
