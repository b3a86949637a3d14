-- +goose Up
-- The name of the key that was shown, or empty.
SET @add_column = IF(
	EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'access_log' AND column_name = 'api_key'),
	'DO 0', -- an earlier run was interrupted behind the next line
	'ALTER TABLE access_log ADD COLUMN api_key VARBINARY(64) NOT NULL DEFAULT ''''');
PREPARE add_column FROM @add_column;
EXECUTE add_column;
DEALLOCATE PREPARE add_column;
