// Deletes nodes of one label with their relationships.
// access: write
// parameters: keys
// marks: nothing
// returns: deleted
UNWIND $keys AS key
MATCH (n:NODE_LABEL {NODE_KEY: key})
DETACH DELETE n
RETURN count(*) AS deleted
