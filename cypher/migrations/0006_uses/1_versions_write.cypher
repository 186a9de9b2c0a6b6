// Gives versions the names by which their uses find them.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (v:PatternVersion {node_id: row.key})
SET v.definition_key = row.definition_key
RETURN count(*) AS written
