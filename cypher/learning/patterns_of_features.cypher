// The learned patterns whose prompts are about the same by their words, or those that they are part of.
// access: read
// parameters: feature_keys
// returns: feature_key, pattern_id
UNWIND $feature_keys AS key
MATCH (l:LearnedPattern {feature_key: key})
OPTIONAL MATCH (l)-[:PART_OF]->(m:LearnedPattern)
RETURN DISTINCT key AS feature_key, coalesce(m.pattern_id, l.pattern_id) AS pattern_id
