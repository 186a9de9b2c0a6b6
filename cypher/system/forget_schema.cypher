// Takes away what a database says of its schema.
// access: write
// parameters: nothing
// marks: nothing
// returns: nothing
MATCH (s:SchemaVersion)
DETACH DELETE s
