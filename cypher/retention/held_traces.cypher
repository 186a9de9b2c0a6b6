// Which of these traces are held in the graph: executions of experiments, those in which a regression was found, those of versions
// that are watched, what relationships of other types lead to, and those of which it is yet to be said what came of a plan or an agent
// that was offered.
// access: read
// parameters: correlation_ids, types
// returns: correlation_id, is_evidence
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[used:USED]->(v:PatternVersion)
OPTIONAL MATCH (v)<-[:WATCHES]-(w:Watch)
WHERE w.open_status IS NOT NULL
WITH id, used, w
WHERE used.experiment_id IS NOT NULL OR used.decision_id IS NOT NULL OR used.watch_id IS NOT NULL OR w IS NOT NULL
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
UNION ALL
UNWIND $correlation_ids AS id
MATCH (x:PlanOffer {correlation_id: id})
WHERE x.settle_key IS NOT NULL
RETURN id AS correlation_id, false AS is_evidence
UNION ALL
UNWIND $correlation_ids AS id
MATCH (x:AgentRecommendation {correlation_id: id})
WHERE x.settle_key IS NOT NULL
RETURN id AS correlation_id, false AS is_evidence
