// Which nodes of one label are there.
// access: read
// parameters: keys
// returns: key
UNWIND $keys AS key
MATCH (n:NODE_LABEL {NODE_KEY: key})
RETURN key
