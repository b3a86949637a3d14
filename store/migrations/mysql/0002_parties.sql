-- +goose Up
CREATE TABLE IF NOT EXISTS parties (
	call_id   VARBINARY(64)   NOT NULL,
	unique_id VARBINARY(1020) NOT NULL,
	nth       INT             NOT NULL, -- order in which the parties became known
	channel   VARBINARY(1020) NOT NULL,
	extension VARBINARY(1020) NOT NULL,
	caller_id VARBINARY(1020) NOT NULL,
	PRIMARY KEY (call_id, unique_id),
	INDEX parties_unique_id (unique_id, call_id),
	FOREIGN KEY (call_id) REFERENCES calls (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
