// All nodes of one label, with all that they hold: of a label that nothing identifies.
// access: read
// parameters: nothing
// returns: properties
MATCH (n:ANY_LABEL)
RETURN properties(n) AS properties
