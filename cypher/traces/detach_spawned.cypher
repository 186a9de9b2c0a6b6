// Takes traces from where they hang.
// access: write
// parameters: correlation_ids
// marks: nothing
// returns: nothing
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})<-[drawn:SPAWNED]-()
DELETE drawn
