-- +goose Up
CREATE TABLE access_log (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	made_at      INTEGER NOT NULL,
	method       TEXT    NOT NULL,
	asked_for    TEXT    NOT NULL, -- tag or unique id, as it was sent
	username     TEXT    NOT NULL, -- as it was sent
	remote       TEXT    NOT NULL,
	recording_id TEXT    NOT NULL, -- empty when none was chosen
	outcome      TEXT    NOT NULL
) STRICT;
CREATE INDEX access_log_made_at ON access_log (made_at);
CREATE INDEX access_log_recording ON access_log (recording_id);
