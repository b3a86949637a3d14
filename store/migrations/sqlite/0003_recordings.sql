-- +goose Up
CREATE TABLE recordings (
	id                 TEXT    NOT NULL PRIMARY KEY,
	call_id            TEXT    NOT NULL REFERENCES calls (id),
	state              TEXT    NOT NULL,
	reason             TEXT    NOT NULL,
	external_reference TEXT    NOT NULL, -- the newest tag; the table tags has them all
	pbx                TEXT    NOT NULL,
	channel            TEXT    NOT NULL,
	unique_id          TEXT    NOT NULL,
	extension          TEXT    NOT NULL,
	recorder           TEXT    NOT NULL,
	handle             TEXT    NOT NULL,
	asked_by           TEXT    NOT NULL,
	private            INTEGER NOT NULL CHECK (private IN (0, 1)),
	deleted            INTEGER NOT NULL CHECK (deleted IN (0, 1)),
	asked_at           INTEGER NOT NULL,
	started_at         INTEGER NOT NULL,
	answered_at        INTEGER NOT NULL,
	stopped_at         INTEGER NOT NULL,
	channel_ended_at   INTEGER NOT NULL,
	duration           INTEGER NOT NULL, -- milliseconds
	bytes              INTEGER NOT NULL,
	sha256             TEXT    NOT NULL,
	blob_key           TEXT    NOT NULL,
	source_key         TEXT    NOT NULL
) STRICT;
CREATE INDEX recordings_call ON recordings (call_id);
CREATE INDEX recordings_unique_id ON recordings (unique_id, asked_at, id);
CREATE INDEX recordings_extension ON recordings (extension, asked_at, id);
CREATE INDEX recordings_asked_at ON recordings (asked_at, id);
-- The next two find what is open on a PBX: the channel has not ended, or the state is not final.
CREATE INDEX recordings_channel_up ON recordings (pbx, channel_ended_at);
CREATE INDEX recordings_state ON recordings (pbx, state);
