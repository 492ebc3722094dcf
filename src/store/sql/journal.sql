-- What comes in. AUTOINCREMENT: a number is never used twice, whatever retention removes.
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  -- When it happened, and when it was written down: retention counts from the latter, so that what is found
  -- after an absence is kept as long as everything else.
  at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  replayed INTEGER NOT NULL,
  data TEXT NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;

CREATE INDEX journal_age ON journal (recorded_at);

-- The newest message of each chat that the journal has heard of; it outlives the events themselves.
CREATE TABLE watermarks (
  chat_id TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
