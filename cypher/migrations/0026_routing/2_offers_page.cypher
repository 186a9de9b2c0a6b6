// What came of offers of plans.
// access: read
// parameters: after, limit
// returns: key, unit, withheld, outcome, duration_ms, settled_at
MATCH (x:PlanOffer)
WHERE x.correlation_id > $after
WITH x
ORDER BY x.correlation_id
LIMIT $limit
OPTIONAL MATCH (t:Trace {correlation_id: x.correlation_id})
OPTIONAL MATCH (t)-[o:OFFERED]->(:PatternVersion)
RETURN x.correlation_id AS key, o.unit AS unit, o.withheld AS withheld, o.outcome AS outcome, o.actual_duration_ms AS duration_ms,
       o.settled_at AS settled_at
ORDER BY key
