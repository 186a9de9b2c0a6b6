// Learned patterns that are matched, with their versions in use, each with one of its prompts: what a search found, as it is committed.
// access: read
// parameters: rows
// returns: pattern_id, learned, node_id, version, exemplar
UNWIND $rows AS row
MATCH (x:Exemplar {exemplar_id: row.exemplar_id})
MATCH (x)-[:EXEMPLIFIES]->(l:LearnedPattern)
WHERE l.pattern_id = row.pattern_id AND l.standing = 'active'
MATCH (l)-[:DESCRIBES]->(:Pattern)-[:CURRENT_VERSION]->(v:PatternVersion)
RETURN l.pattern_id AS pattern_id, properties(l) AS learned, v.node_id AS node_id, v.version AS version, properties(x) AS exemplar
