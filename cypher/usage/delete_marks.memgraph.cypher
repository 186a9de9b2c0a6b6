// Takes away marks that are done. Nodes have numbers here.
// access: write
// parameters: marks
// returns: nothing
UNWIND $marks AS mark
MATCH (m)
WHERE id(m) = toInteger(mark)
DELETE m
