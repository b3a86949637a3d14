-- +goose Up
CREATE TABLE IF NOT EXISTS access_log (
	id           BIGINT          NOT NULL AUTO_INCREMENT PRIMARY KEY,
	made_at      BIGINT          NOT NULL,
	method       VARBINARY(1020) NOT NULL,
	asked_for    VARBINARY(1020) NOT NULL, -- tag or unique id, as it was sent
	username     VARBINARY(1020) NOT NULL, -- as it was sent
	remote       VARBINARY(1020) NOT NULL,
	recording_id VARBINARY(36)   NOT NULL, -- empty when none was chosen
	outcome      BLOB            NOT NULL,
	INDEX access_log_made_at (made_at),
	INDEX access_log_recording (recording_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
