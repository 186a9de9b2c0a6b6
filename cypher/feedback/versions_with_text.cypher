// The versions of a pattern that have this template, with their parameters, and the improvements that they are the candidates of.
// access: read
// parameters: pattern_id, template_hash
// returns: version, parameters, improvement_status, base_node_id, decided_at
MATCH (:Pattern {pattern_id: $pattern_id})-[:HAS_VERSION]->(v:PatternVersion)
WHERE v.template_hash = $template_hash
OPTIONAL MATCH (i:Improvement)-[:CANDIDATE]->(v)
RETURN v.version AS version, v.parameters AS parameters, i.status AS improvement_status, i.base_node_id AS base_node_id,
       i.updated_at AS decided_at
