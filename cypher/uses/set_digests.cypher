// Sets the digests of bodies of versions.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (v:PatternVersion {node_id: row.node_id})
SET v.body_digest = row.body_digest
RETURN count(*) AS written
