// Takes traces from the ones they go on with.
// access: write
// parameters: correlation_ids
// marks: nothing
// returns: nothing
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})<-[drawn:CONTINUED_BY]-()
DELETE drawn
