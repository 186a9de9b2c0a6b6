// The decisions on the improvements of runs that began between two time keys (over a pattern, if one is named), the newest runs
// first. Of one that put a version into use, whether that was taken back: its pattern uses a version that is older by now, or
// that has the content of one that is.
// access: read
// parameters: above, before, pattern_id, limit
// returns: decision, applied, taken_back
MATCH (r:FeedbackRun)
WHERE r.time_key >= $above AND r.time_key < $before AND ($pattern_id IS NULL OR r.pattern_id = $pattern_id)
WITH r
ORDER BY r.time_key DESC
LIMIT $limit
MATCH (r)-[:PROPOSED]->(i:Improvement)
WHERE i.run_id = r.run_id
MATCH (i)-[:CONCLUDED_IN]->(d:Decision)
OPTIONAL MATCH (d)-[:APPROVED]->(v:PatternVersion)
OPTIONAL MATCH (r)-[:ON]->(p:Pattern)
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(c:PatternVersion)
OPTIONAL MATCH (p)-[:HAS_VERSION]->(old:PatternVersion)
WHERE old.version < v.version AND c.node_id <> v.node_id
  AND old.template_hash = c.template_hash AND coalesce(old.parameters, '') = coalesce(c.parameters, '')
WITH d, v, count(old) AS alike
RETURN properties(d) AS decision, v IS NOT NULL AS applied, alike > 0 AS taken_back
