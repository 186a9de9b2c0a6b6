// Says that a trace was offered a plan, or that it was withheld from it; and by which keys that is found.
// access: write
// parameters: correlation_id, node_id, offer, unit, withheld, time_key, pattern_key, settle_key
// marks: nothing
// returns: created
MATCH (t:Trace {correlation_id: $correlation_id})
MATCH (v:PatternVersion {node_id: $node_id})
CREATE (:PlanOffer {correlation_id: $correlation_id, time_key: $time_key, pattern_key: $pattern_key,
  settle_key: $settle_key, unit: $unit, withheld: $withheld})
CREATE (t)-[o:OFFERED]->(v)
SET o = $offer
RETURN count(o) AS created
