// Gives versions the digests of their bodies.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (v:PatternVersion {node_id: row.key})
SET v.body_digest = row.body_digest
RETURN count(*) AS written
