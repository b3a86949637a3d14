-- +goose Up
-- What the PBX answered or who asked, beside a reason that is counted. It has a default for an older program that still runs.
SET @add_column = IF(
	EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'steps' AND column_name = 'said'),
	'DO 0', -- an earlier run was interrupted behind the next line
	'ALTER TABLE steps ADD COLUMN said VARBINARY(4000) NOT NULL DEFAULT ''''');
PREPARE add_column FROM @add_column;
EXECUTE add_column;
DEALLOCATE PREPARE add_column;
