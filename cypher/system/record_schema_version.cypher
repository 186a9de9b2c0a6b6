// Records the schema version that was applied; the first to do so also dates it.
// access: write
// parameters: version, engine, now
// returns: version
MERGE (s:SchemaVersion {key: 'loopgraph'})
ON CREATE SET s.created_at = $now
SET s.version = $version, s.engine = $engine, s.updated_at = $now
RETURN s.version AS version
