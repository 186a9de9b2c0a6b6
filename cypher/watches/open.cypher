// The watches that go on, how often their versions were used by now, and whether these are still in use.
// access: read
// parameters: statuses
// returns: watch, usage_count, in_use
MATCH (w:Watch)
WHERE w.open_status IN $statuses
MATCH (w)-[:WATCHES]->(v:PatternVersion)
OPTIONAL MATCH (p:Pattern)-[:CURRENT_VERSION]->(v)
RETURN properties(w) AS watch, coalesce(v.usage_count, 0) AS usage_count, p IS NOT NULL AS in_use
