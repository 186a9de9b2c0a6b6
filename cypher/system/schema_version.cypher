// The recorded schema version, if this database is ours.
// access: read
// parameters: nothing
// returns: version, engine
MATCH (s:SchemaVersion {key: 'loopgraph'})
RETURN s.version AS version, s.engine AS engine
