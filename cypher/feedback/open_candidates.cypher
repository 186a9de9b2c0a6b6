// The improvements of a pattern that are not decided for good and whose candidate has this template, with its parameters.
// access: read
// parameters: pattern_id, template_hash, statuses
// returns: improvement_id, parameters
MATCH (:Pattern {pattern_id: $pattern_id})<-[:ON]-(i:Improvement)-[:CANDIDATE]->(v:PatternVersion)
WHERE i.status IN $statuses AND v.template_hash = $template_hash
RETURN i.improvement_id AS improvement_id, v.parameters AS parameters
