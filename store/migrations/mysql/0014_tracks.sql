-- +goose Up
-- What a track says of itself, beside its file. The defaults are for an older
-- program that still runs: an empty text or 0 means as the recording says.
-- Each of the statements may be run again after a failure.
SET @add_columns = IF(
	EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'tracks' AND column_name = 'channel'),
	'DO 0', -- an earlier run was interrupted behind the next line
	'ALTER TABLE tracks
		ADD COLUMN channel VARBINARY(1020) NOT NULL DEFAULT '''',
		ADD COLUMN unique_id VARBINARY(1020) NOT NULL DEFAULT '''',
		ADD COLUMN recorder VARBINARY(64) NOT NULL DEFAULT '''',
		ADD COLUMN handle VARBINARY(255) NOT NULL DEFAULT '''',
		ADD COLUMN state VARBINARY(16) NOT NULL DEFAULT '''',
		ADD COLUMN stopped_at BIGINT NOT NULL DEFAULT 0,
		ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0');
PREPARE add_columns FROM @add_columns;
EXECUTE add_columns;
DEALLOCATE PREPARE add_columns;
-- How far the rows that were there have got what later versions added, see
-- oldrows.go: at most one row, and none once all have.
CREATE TABLE IF NOT EXISTS rows_to_fill (
	one   TINYINT       NOT NULL PRIMARY KEY,
	up_to VARBINARY(36) NOT NULL -- id of the last recording that has
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
INSERT IGNORE INTO rows_to_fill (one, up_to) VALUES (1, '');
DROP TABLE IF EXISTS reasons_to_code;
