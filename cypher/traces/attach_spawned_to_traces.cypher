// Hangs spawned traces under the traces that they were spawned in.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MATCH (child:Trace {correlation_id: row.correlation_id})
MATCH (parent:Trace {correlation_id: row.parent_id})
CREATE (parent)-[:SPAWNED {rule: row.spawn_rule, evidence: row.spawn_evidence}]->(child)
RETURN count(*) AS written
