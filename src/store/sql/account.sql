-- The WhatsApp account that the queue and the watermarks belong to; no row before the first one is linked.
CREATE TABLE IF NOT EXISTS account (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  id TEXT NOT NULL
) STRICT;
