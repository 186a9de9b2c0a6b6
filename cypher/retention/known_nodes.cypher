// Which nodes of one label are there.
// access: read
// parameters: keys
// returns: known
UNWIND $keys AS key
MATCH (n:NODE_LABEL {NODE_KEY: key})
RETURN collect(key) AS known
