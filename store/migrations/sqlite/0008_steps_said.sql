-- +goose Up
-- What the PBX answered or who asked, beside a reason that is counted. It has a default for an older program that still runs.
ALTER TABLE steps ADD COLUMN said TEXT NOT NULL DEFAULT '';
