-- +goose Up
-- What programs read of a reason, beside its words, which stay for those who
-- read them. The defaults are for an older program that still runs. Each of
-- the statements may be run again after a failure.
SET @add_columns = IF(
	EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'recordings' AND column_name = 'reason_code'),
	'DO 0', -- an earlier run was interrupted behind the next line
	'ALTER TABLE recordings ADD COLUMN reason_code VARBINARY(255) NOT NULL DEFAULT '''', ADD COLUMN reason_detail VARBINARY(16000) NOT NULL DEFAULT ''''');
PREPARE add_columns FROM @add_columns;
EXECUTE add_columns;
DEALLOCATE PREPARE add_columns;
SET @add_columns = IF(
	EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'steps' AND column_name = 'reason_code'),
	'DO 0',
	'ALTER TABLE steps ADD COLUMN reason_code VARBINARY(255) NOT NULL DEFAULT '''', ADD COLUMN reason_detail VARBINARY(16000) NOT NULL DEFAULT ''''');
PREPARE add_columns FROM @add_columns;
EXECUTE add_columns;
DEALLOCATE PREPARE add_columns;
-- How far the rows that were there have got their codes, see reasons.go: at
-- most one row, and none once all have.
CREATE TABLE IF NOT EXISTS reasons_to_code (
	one   TINYINT       NOT NULL PRIMARY KEY,
	up_to VARBINARY(36) NOT NULL -- id of the last recording that has
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
INSERT IGNORE INTO reasons_to_code (one, up_to) VALUES (1, '');
