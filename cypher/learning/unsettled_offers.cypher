// Offers of plans whose traces are over, and of which it is to be said what came.
// access: read
// parameters: above, before, limit
// returns: correlation_id, withheld, text
MATCH (x:PlanOffer)
WHERE x.settle_key >= $above AND x.settle_key < $before
MATCH (t:Trace {correlation_id: x.correlation_id})
WHERE t.status <> 'in_progress'
MATCH (t)-[o:OFFERED]->(v:PatternVersion)
RETURN x.correlation_id AS correlation_id, o.withheld AS withheld, v.template_code AS text
ORDER BY x.settle_key
LIMIT $limit
