// Takes away marks that are done.
// access: write
// parameters: marks
// returns: nothing
UNWIND $marks AS mark
MATCH (m)
WHERE elementId(m) = mark
DELETE m
