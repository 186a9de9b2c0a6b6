// Those of some traces in which a pattern was used.
// access: read
// parameters: ids, pattern_id
// returns: id
UNWIND $ids AS id
MATCH (t:Trace {correlation_id: id})-[:RAN]->(:HookExecution)-[:USED]->(v:PatternVersion)
WHERE v.pattern_id = $pattern_id
RETURN DISTINCT id
