-- +goose Up
-- Which archive belongs to this database: at most one row.
CREATE TABLE IF NOT EXISTS archive_mark (
	one     TINYINT       NOT NULL PRIMARY KEY,
	id      VARBINARY(64) NOT NULL,
	written TINYINT       NOT NULL -- the archive was seen to carry the id
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
