// Makes the steps of plans beside the versions that have them.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (v:PatternVersion {node_id: row.node_id})
CREATE (s:PlanStep)
SET s = row.step
CREATE (v)-[:HAS_STEP]->(s)
RETURN count(s) AS written
