// The migrations that this database has had, or is having (`applied_at` is null).
// access: read
// parameters: nothing
// returns: number, name, digest, backfill, rows, started_at, applied_at
MATCH (m:SchemaVersion)
WHERE m.number IS NOT NULL
RETURN m.number AS number, m.name AS name, m.digest AS digest, m.backfill AS backfill, m.rows AS rows,
       m.started_at AS started_at, m.applied_at AS applied_at
ORDER BY m.number
