// Makes the nodes of one label that are not there; those that are stay as they are.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MERGE (n:NODE_LABEL {NODE_KEY: row.key})
ON CREATE SET n += row.properties
