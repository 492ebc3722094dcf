-- WhatsApp counts in whole seconds: which messages of the newest second are known tells a further one of that second
-- from those that retention has removed from the journal. They count as long as the watermark is still at that time.
CREATE TABLE IF NOT EXISTS watermark_ids (
  chat_id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  -- JSON list
  ids TEXT NOT NULL
) STRICT, WITHOUT ROWID;
