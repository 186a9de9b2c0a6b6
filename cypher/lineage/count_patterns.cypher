// How many patterns there are, without those that were only seen in use (a tag) and are out of use since their files are known.
// access: read
// parameters: observed
// returns: patterns
MATCH (p:Pattern)
OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(v:PatternVersion)
WITH p, v
WHERE v IS NOT NULL OR NOT $observed IN coalesce(p.tags, [])
RETURN count(p) AS patterns
