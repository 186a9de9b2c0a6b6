// Creates nodes of one label as they were elsewhere.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
CREATE (n:ANY_LABEL)
SET n = row
RETURN count(n) AS written
