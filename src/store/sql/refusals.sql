-- How the receiver of a webhook refuses the event that is next; it counts while the cursor is where it was then.
CREATE TABLE IF NOT EXISTS webhook_refusals (
  webhook_id TEXT PRIMARY KEY REFERENCES webhooks (id) ON DELETE CASCADE,
  cursor INTEGER NOT NULL,
  in_a_row INTEGER NOT NULL,
  since INTEGER,
  gave_up_at INTEGER
) STRICT, WITHOUT ROWID;
