// Takes away what ties traces to what they taught.
// access: write
// parameters: correlation_ids
// marks: nothing
// returns: nothing
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[r:TAUGHT]->(:LearnedPattern)
DELETE r
