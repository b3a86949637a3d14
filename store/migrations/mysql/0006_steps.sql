-- +goose Up
CREATE TABLE IF NOT EXISTS steps (
	recording_id VARBINARY(36) NOT NULL,
	nth          INT           NOT NULL,
	made_at      BIGINT        NOT NULL,
	state        VARBINARY(16) NOT NULL,
	reason       BLOB          NOT NULL,
	PRIMARY KEY (recording_id, nth),
	FOREIGN KEY (recording_id) REFERENCES recordings (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
