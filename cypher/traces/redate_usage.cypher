// Dates the first and the last use of versions that executions have left: by those that are over.
// access: write
// parameters: node_ids
// marks: nothing
// returns: nothing
UNWIND $node_ids AS id
MATCH (v:PatternVersion {node_id: id})
OPTIONAL MATCH (h:HookExecution)-[:USED]->(v)
WHERE h.status <> 'in_progress'
WITH v, min(coalesce(h.completed_at, h.created_at)) AS first, max(coalesce(h.completed_at, h.created_at)) AS last
SET v.first_used_at = first, v.last_used_at = last
