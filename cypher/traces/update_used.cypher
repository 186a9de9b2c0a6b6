// Names the experiment and the unit of executions that were tied to their version before they were known.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MATCH (:HookExecution {execution_id: row.execution_id})-[used:USED]->(:PatternVersion)
SET used.experiment_id = row.experiment_id, used.arm = row.arm, used.unit = row.unit, used.unit_rule = row.unit_rule,
    used.set_aside = row.set_aside, used.rule = coalesce(row.used_rule, 'exact: reported'), used.evidence = row.used_evidence,
    used.resources = row.used_resources, used.resources_rule = row.used_resources_rule
RETURN count(*) AS written
