// How many traces a range has, as far as the reader may see them (null: all).
// access: read
// parameters: above, before, reader
// returns: traces
MATCH (t:Trace)
WHERE t.time_key >= $above AND t.time_key < $before
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
RETURN count(t) AS traces
