// How many traces a range has, as far as the subject may see them (null: all).
// access: read
// parameters: above, before, subject
// returns: traces
MATCH (t:Trace)
WHERE t.time_key >= $above AND t.time_key < $before
  AND ($subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject)
RETURN count(t) AS traces
