// Says that plans are no longer made of traces: there are enough newer ones.
// access: write
// parameters: correlation_ids
// returns: nothing
UNWIND $correlation_ids AS id
MATCH (k:TaughtTrace {correlation_id: id})
SET k.sample_key = null
