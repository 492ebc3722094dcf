-- A clean-up asks for age and size alone. Both stand in these indexes, so that it need not read what the rows say,
-- which takes seconds once there are some hundred thousand.
DROP INDEX journal_age;
CREATE INDEX journal_age ON journal (recorded_at, bytes);

-- What a message takes on the disk, its file included as long as that is kept for it.
ALTER TABLE outbox ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET bytes = length(content);
DROP INDEX outbox_changed;
CREATE INDEX outbox_changed ON outbox (changed_at, bytes);
