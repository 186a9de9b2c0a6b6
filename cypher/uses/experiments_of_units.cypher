// The experiments that units were assigned in, of those that compare the versions which these units used. A skill that fetches its text is
// assigned after its use has begun: `until` is when that ended.
// access: read
// parameters: rows
// returns: execution_id, experiment_id, control_node_id, treatment_node_id, treatment_share, arm, assigned_node_id, staged
UNWIND $rows AS row
MATCH (e:Experiment)-[:CONTROL|TREATMENT]->(:PatternVersion {node_id: row.node_id})
MATCH (a:Assignment {assignment_id: e.experiment_id + '|' + row.unit})
WHERE a.assigned_at <= row.until
RETURN row.execution_id AS execution_id, e.experiment_id AS experiment_id, e.control_node_id AS control_node_id,
       e.treatment_node_id AS treatment_node_id, e.treatment_share AS treatment_share,
       a.arm AS arm, a.node_id AS assigned_node_id, e.stage IS NOT NULL OR e.treatments IS NOT NULL OR e.allotments IS NOT NULL AS staged
ORDER BY a.assigned_at DESC, e.experiment_id
