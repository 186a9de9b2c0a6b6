// Makes nodes of one label, none of which is there.
// access: write
// parameters: rows
// marks: NODE_LABEL rows.NODE_KEY
// returns: nothing
UNWIND $rows AS row
CREATE (n:NODE_LABEL)
SET n = row
