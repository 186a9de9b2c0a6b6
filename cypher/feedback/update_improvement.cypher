// Sets properties of an improvement; a null removes one.
// access: write
// parameters: improvement_id, properties
// returns: improvement
MATCH (i:Improvement {improvement_id: $improvement_id})
SET i += $properties
RETURN properties(i) AS improvement
