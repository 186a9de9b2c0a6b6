// Says when the uses of versions are to be looked at again; null: no more.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MATCH (v:PatternVersion {node_id: row.node_id})
WHERE v.link_key = row.link_key
SET v.link_key = row.next_key
