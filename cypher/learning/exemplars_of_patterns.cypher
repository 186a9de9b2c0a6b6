// The prompts that learned patterns keep.
// access: read
// parameters: pattern_ids
// returns: pattern_id, exemplars
UNWIND $pattern_ids AS id
MATCH (e:Exemplar {pattern_id: id})
RETURN id AS pattern_id, collect(properties(e)) AS exemplars
