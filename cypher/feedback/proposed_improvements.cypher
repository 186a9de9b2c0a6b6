// The improvements of a pattern that nobody has decided on, the oldest first.
// access: read
// parameters: pattern_id, improvement_types
// returns: improvement_id
MATCH (:Pattern {pattern_id: $pattern_id})<-[:ON]-(i:Improvement)
WHERE i.status = 'proposed' AND i.improvement_type IN $improvement_types
RETURN i.improvement_id AS improvement_id
ORDER BY i.time_key
