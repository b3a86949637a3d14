-- +goose Up
-- Calls that turned out to be part of another. Channels of the whole call have
-- the linked id of either; that one open call has a linked id stays the task
-- of calls_joinable, for older programs too.
CREATE TABLE IF NOT EXISTS call_parts (
	call_id VARBINARY(64) NOT NULL PRIMARY KEY, -- whose linked id goes on to lead to the whole
	part_of VARBINARY(64) NOT NULL,             -- the whole, which is part of no other
	INDEX call_parts_whole (part_of),
	FOREIGN KEY (call_id) REFERENCES calls (id),
	FOREIGN KEY (part_of) REFERENCES calls (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
