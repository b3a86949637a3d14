-- +goose Up
ALTER TABLE access_log ADD COLUMN api_key TEXT NOT NULL DEFAULT ''; -- name of the key that was shown, or empty
