// Improvements by id.
// access: read
// parameters: improvement_ids
// returns: improvement
UNWIND $improvement_ids AS id
MATCH (i:Improvement {improvement_id: id})
RETURN properties(i) AS improvement
