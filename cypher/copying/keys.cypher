// The keys of all nodes of one label.
// access: read
// parameters: nothing
// returns: key
MATCH (n:ANY_LABEL)
RETURN n.ANY_KEY AS key
