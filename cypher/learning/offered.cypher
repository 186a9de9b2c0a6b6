// What came of the offers of plans in a range of time, newest first; also of those whose traces are in the archive.
// access: read
// parameters: above, before, limit
// returns: unit, withheld, outcome, duration_ms, settled
MATCH (x:PlanOffer)
WHERE x.time_key >= $above AND x.time_key < $before
RETURN x.unit AS unit, x.withheld AS withheld, x.outcome AS outcome, x.duration_ms AS duration_ms, x.settled_at IS NOT NULL AS settled
ORDER BY x.time_key DESC
LIMIT $limit
