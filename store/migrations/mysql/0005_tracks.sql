-- +goose Up
CREATE TABLE IF NOT EXISTS tracks (
	recording_id VARBINARY(36)   NOT NULL,
	nth          INT             NOT NULL,
	file         VARBINARY(255)  NOT NULL,
	voice        VARBINARY(16)   NOT NULL,
	party        VARBINARY(1020) NOT NULL,
	started_at   BIGINT          NOT NULL,
	PRIMARY KEY (recording_id, nth),
	FOREIGN KEY (recording_id) REFERENCES recordings (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
