// Which of these traces are held in the graph: executions of experiments, and what relationships of other types lead to.
// access: read
// parameters: correlation_ids, types
// returns: correlation_id, is_evidence
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[used:USED]->(:PatternVersion)
WHERE used.experiment_id IS NOT NULL OR used.decision_id IS NOT NULL
RETURN DISTINCT id AS correlation_id, true AS is_evidence
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[other]-()
WHERE NOT type(other) IN $types
RETURN DISTINCT id AS correlation_id, false AS is_evidence
UNION ALL
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[other]-()
WHERE NOT type(other) IN $types
RETURN DISTINCT id AS correlation_id, false AS is_evidence
