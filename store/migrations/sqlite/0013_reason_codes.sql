-- +goose Up
-- What programs read of a reason, beside its words, which stay for those who
-- read them. The defaults are for an older program that still runs.
ALTER TABLE recordings ADD COLUMN reason_code TEXT NOT NULL DEFAULT '';
ALTER TABLE recordings ADD COLUMN reason_detail TEXT NOT NULL DEFAULT '';
ALTER TABLE steps ADD COLUMN reason_code TEXT NOT NULL DEFAULT '';
ALTER TABLE steps ADD COLUMN reason_detail TEXT NOT NULL DEFAULT '';
-- How far the rows that were there have got their codes, see reasons.go: at
-- most one row, and none once all have.
CREATE TABLE reasons_to_code (
	one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
	up_to TEXT    NOT NULL -- id of the last recording that has
) STRICT;
INSERT INTO reasons_to_code (one, up_to) VALUES (1, '');
