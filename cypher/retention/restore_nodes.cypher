// Makes nodes of one label, none of which is there.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
CREATE (n:NODE_LABEL)
SET n = row
