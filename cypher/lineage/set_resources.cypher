// Says what lay beside skills while versions stood; their uses are to be looked at again.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (v:PatternVersion {node_id: row.node_id})
SET v.resources = row.resources, v.link_key = row.link_key
RETURN count(*) AS written
