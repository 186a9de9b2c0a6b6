// Says what came of an offer.
// access: write
// parameters: correlation_id, settled
// marks: nothing
// returns: written
MATCH (t:Trace {correlation_id: $correlation_id})
MATCH (t)-[o:OFFERED]->(:PatternVersion)
SET o += $settled
RETURN count(o) AS written
