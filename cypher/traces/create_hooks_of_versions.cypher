// Makes hook executions under their traces, tied to the versions they ran: a third cheaper than in two statements.
// access: write
// parameters: rows
// marks: Trace rows.correlation_id
// returns: written
UNWIND $rows AS row
MATCH (t:Trace {correlation_id: row.correlation_id})
MATCH (v:PatternVersion {node_id: row.node_id})
CREATE (t)-[:RAN]->(h:HookExecution)
SET h = row
CREATE (h)-[:USED {experiment_id: row.experiment_id, arm: row.arm, unit: row.unit, unit_rule: row.unit_rule,
                  set_aside: row.set_aside, rule: coalesce(row.used_rule, 'exact: reported'), evidence: row.used_evidence,
                  resources: row.used_resources, resources_rule: row.used_resources_rule}]->(v)
RETURN count(*) AS written
