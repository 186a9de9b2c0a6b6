// How far a migration is, under a lock that only one slice of its backfills can have.
// access: write
// parameters: name, turn
// returns: backfill, after, applied_at
MATCH (m:SchemaVersion {key: $name})
SET m.turn = $turn
RETURN m.backfill AS backfill, m.after AS after, m.applied_at AS applied_at
