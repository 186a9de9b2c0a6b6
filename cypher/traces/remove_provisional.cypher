// Removes a provisional trace, of which everything has been handed over.
// access: write
// parameters: provisional
// returns: nothing
MATCH (t:Trace {correlation_id: $provisional})
DETACH DELETE t
