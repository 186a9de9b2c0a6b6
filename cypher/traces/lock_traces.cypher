// Takes the write locks of traces and returns them as they are then; unknown ids have no row.
// access: write
// parameters: correlation_ids, turn
// marks: nothing
// returns: properties
UNWIND $correlation_ids AS id
MATCH (t:Trace {correlation_id: id})
SET t.turn = $turn
WITH t
RETURN properties(t) AS properties
