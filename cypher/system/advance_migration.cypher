// Records how far a migration is: the backfill it is in, the key to go on after, and the instant when all of it was applied.
// access: write
// parameters: name, backfill, after, rows, applied_at
// returns: total
MATCH (m:SchemaVersion {key: $name})
SET m.backfill = $backfill, m.after = $after, m.rows = m.rows + $rows, m.applied_at = $applied_at
RETURN m.rows AS total
