// Takes the lock on an offer, keeps with it what came of it (the trace can go), and reads what was said of it before.
// access: write
// parameters: correlation_id, settle_key, outcome, duration_ms, settled_at
// marks: nothing
// returns: pattern_id, counted, counted_success
MATCH (x:PlanOffer {correlation_id: $correlation_id})
SET x.settle_key = $settle_key, x.outcome = $outcome, x.duration_ms = $duration_ms, x.settled_at = $settled_at
WITH x
MATCH (t:Trace {correlation_id: $correlation_id})
MATCH (t)-[o:OFFERED]->(:PatternVersion)
RETURN o.pattern_id AS pattern_id, o.counted AS counted, o.counted_success AS counted_success
