// The improvements of a pattern that nobody has decided on, the oldest first.
// access: read
// parameters: above, below, improvement_types
// returns: improvement
MATCH (i:Improvement)
WHERE i.pattern_key >= $above AND i.pattern_key < $below
  AND i.status = 'proposed' AND i.improvement_type IN $improvement_types
RETURN properties(i) AS improvement
ORDER BY i.pattern_key
