// Records the schema version that a database has reached; it never falls. The first to do so also dates it.
// access: write
// parameters: version, engine, now
// returns: version
MERGE (s:SchemaVersion {key: 'loopgraph'})
ON CREATE SET s.created_at = $now
SET s.version = CASE WHEN s.version > $version THEN s.version ELSE $version END, s.engine = $engine, s.updated_at = $now
RETURN s.version AS version
