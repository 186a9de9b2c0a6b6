// Keeps in which units names were seen.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MERGE (n:SeenName {name_key: row.name_key})
SET n.witnesses = row.witnesses
