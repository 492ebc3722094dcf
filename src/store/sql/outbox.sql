-- What goes out. `seq` is the order of acceptance.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  -- WhatsApp's id of the message, chosen at acceptance: a send that is tried again is the same message.
  wa_id TEXT NOT NULL UNIQUE,
  -- As the caller wrote it, and the canonical address it was understood as.
  recipient TEXT NOT NULL,
  address TEXT NOT NULL,
  -- Known once the number is resolved.
  chat_id TEXT,
  content TEXT NOT NULL,
  -- SHA-256 of the file in the media folder that the content needs; null when it needs none.
  media TEXT,
  status TEXT NOT NULL,
  -- Every state so far: [{"status", "at", "reason"}]
  history TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  not_before INTEGER,
  expires_at INTEGER,
  -- Hand-overs so far, and when the page took it (null: it has not, or that is not known).
  attempts INTEGER NOT NULL DEFAULT 0,
  handed_at INTEGER,
  stuck_at INTEGER
) STRICT;

CREATE INDEX outbox_status ON outbox (status, seq);
CREATE INDEX outbox_changed ON outbox (changed_at);
CREATE INDEX outbox_media ON outbox (media) WHERE media IS NOT NULL;

CREATE TABLE idempotency (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  message_id TEXT NOT NULL,
  -- What the answer said of the chat, which may since have been resolved further.
  chat_id TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_age ON idempotency (created_at);

-- Which chat a phone number is; null when WhatsApp does not know the number.
CREATE TABLE numbers (
  digits TEXT PRIMARY KEY,
  chat_id TEXT,
  checked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
