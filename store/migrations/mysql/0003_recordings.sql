-- +goose Up
CREATE TABLE IF NOT EXISTS recordings (
	id                 VARBINARY(36)   NOT NULL PRIMARY KEY,
	call_id            VARBINARY(64)   NOT NULL,
	state              VARBINARY(16)   NOT NULL,
	reason             BLOB            NOT NULL,
	external_reference VARBINARY(1020) NOT NULL, -- the newest tag; the table tags has them all
	pbx                VARBINARY(255)  NOT NULL,
	channel            VARBINARY(1020) NOT NULL,
	unique_id          VARBINARY(1020) NOT NULL,
	extension          VARBINARY(1020) NOT NULL,
	recorder           VARBINARY(64)   NOT NULL,
	handle             VARBINARY(255)  NOT NULL,
	asked_by           VARBINARY(1020) NOT NULL,
	private            TINYINT         NOT NULL,
	deleted            TINYINT         NOT NULL,
	asked_at           BIGINT          NOT NULL,
	started_at         BIGINT          NOT NULL,
	answered_at        BIGINT          NOT NULL,
	stopped_at         BIGINT          NOT NULL,
	channel_ended_at   BIGINT          NOT NULL,
	duration           BIGINT          NOT NULL, -- milliseconds
	bytes              BIGINT          NOT NULL,
	sha256             VARBINARY(64)   NOT NULL,
	blob_key           VARBINARY(255)  NOT NULL,
	source_key         VARBINARY(255)  NOT NULL,
	INDEX recordings_call (call_id),
	INDEX recordings_unique_id (unique_id, asked_at, id),
	INDEX recordings_extension (extension, asked_at, id),
	INDEX recordings_asked_at (asked_at, id),
	-- The next two find what is open on a PBX: the channel has not ended, or the state is not final.
	INDEX recordings_channel_up (pbx, channel_ended_at),
	INDEX recordings_state (pbx, state),
	FOREIGN KEY (call_id) REFERENCES calls (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
