-- +goose Up
-- Calls that turned out to be part of another. Channels of the whole call have
-- the linked id of either; that one open call has a linked id stays the task
-- of calls_joinable, for older programs too.
CREATE TABLE call_parts (
	call_id TEXT NOT NULL PRIMARY KEY REFERENCES calls (id), -- whose linked id goes on to lead to the whole
	part_of TEXT NOT NULL REFERENCES calls (id)              -- the whole, which is part of no other
) STRICT, WITHOUT ROWID;
CREATE INDEX call_parts_whole ON call_parts (part_of);
