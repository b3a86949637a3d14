-- +goose Up
CREATE TABLE IF NOT EXISTS tags (
	recording_id VARBINARY(36)   NOT NULL,
	tag          VARBINARY(1020) NOT NULL, -- 255 characters of four bytes
	nth          INT             NOT NULL, -- the highest is the newest
	added_at     BIGINT          NOT NULL,
	asked_at     BIGINT          NOT NULL, -- of the recording, so that the index below gives the order of lists
	PRIMARY KEY (recording_id, tag),
	INDEX tags_tag (tag, asked_at, recording_id),
	FOREIGN KEY (recording_id) REFERENCES recordings (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
