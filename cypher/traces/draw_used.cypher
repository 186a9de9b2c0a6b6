// Ties hook executions that are there to the versions they ran. Only the transaction that sets an execution's node_id does it.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MATCH (h:HookExecution {execution_id: row.execution_id})
MATCH (v:PatternVersion {node_id: row.node_id})
CREATE (h)-[:USED {experiment_id: row.experiment_id, arm: row.arm, unit: row.unit, unit_rule: row.unit_rule,
                  set_aside: row.set_aside, rule: coalesce(row.used_rule, 'exact: reported'), evidence: row.used_evidence,
                  resources: row.used_resources, resources_rule: row.used_resources_rule}]->(v)
RETURN count(*) AS written
