// Nodes of one label, by their keys, with all that they hold.
// access: read
// parameters: keys
// returns: properties
UNWIND $keys AS key
MATCH (n:ANY_LABEL {ANY_KEY: key})
RETURN properties(n) AS properties
