// Parameters that an experiment has found better for other patterns of a type, and that are in use since: the newest first.
// access: read
// parameters: pattern_id, pattern_type, limit
// returns: improvement, decision, pattern_name
MATCH (i:Improvement)-[:CONCLUDED_IN]->(d:Decision)
WHERE i.status = 'applied' AND i.pattern_id <> $pattern_id AND d.verdict = 'apply' AND d.performance_delta > 0
MATCH (i)-[:ON]->(p:Pattern)-[:CURRENT_VERSION]->(v:PatternVersion)
WHERE p.pattern_type = $pattern_type AND v.node_id = i.candidate_node_id
RETURN properties(i) AS improvement, properties(d) AS decision, p.name AS pattern_name
ORDER BY i.time_key DESC
LIMIT $limit
