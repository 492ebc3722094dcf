CREATE TABLE webhooks (
  id TEXT PRIMARY KEY,
  -- 'environment' or 'rest'
  origin TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  -- JSON lists; an empty one means all
  events TEXT NOT NULL,
  chats TEXT NOT NULL,
  headers TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  disabled_reason TEXT,
  created_at INTEGER NOT NULL,
  -- Everything up to this sequence number is delivered, filtered out or dead.
  cursor INTEGER NOT NULL,
  -- The event that is being tried, how often it was, and when it is tried again.
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER,
  failing_since INTEGER,
  last_error TEXT,
  delivered_at INTEGER
) STRICT;

-- What could not be delivered in time. It carries the whole event: the journal may have forgotten it since.
CREATE TABLE dead_letters (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  event_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  event TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  last_error TEXT,
  at INTEGER NOT NULL,
  UNIQUE (webhook_id, event_id)
) STRICT;

CREATE INDEX dead_letters_webhook ON dead_letters (webhook_id, seq);
