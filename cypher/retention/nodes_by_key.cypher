// Nodes of one label as they are; unknown keys have no row.
// access: read
// parameters: keys
// returns: key, properties
UNWIND $keys AS key
MATCH (n:NODE_LABEL {NODE_KEY: key})
RETURN key, properties(n) AS properties
