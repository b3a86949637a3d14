-- +goose Up
-- Several programs on one database. Each of the three statements may be run
-- again after a failure.
-- Work that one of several programs does at a time. Migrations run under a
-- lease themselves, so that leases.go may have made this table already, by the
-- same statement.
CREATE TABLE IF NOT EXISTS leases (
	name       VARBINARY(255) NOT NULL PRIMARY KEY,
	holder     VARBINARY(255) NOT NULL,
	held_until BIGINT         NOT NULL -- by the clock of the database
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
-- One row for each channel that is being recorded (starting or recording): the
-- key lets one of two programs through that start the same one at once. A
-- table of its own, because an index over all recordings would be built over
-- millions of rows for the few that run.
CREATE TABLE IF NOT EXISTS recorded_channels (
	pbx          VARBINARY(255)  NOT NULL,
	unique_id    VARBINARY(1020) NOT NULL,
	recording_id VARBINARY(36)   NOT NULL,
	PRIMARY KEY (pbx, unique_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
-- What was begun by a program that did not keep the table yet.
INSERT IGNORE INTO recorded_channels (pbx, unique_id, recording_id)
	SELECT pbx, unique_id, id FROM recordings WHERE state IN ('starting', 'recording') ORDER BY id;
