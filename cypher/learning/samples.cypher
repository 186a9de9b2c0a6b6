// What the traces teach that plans are made of: of learned patterns, and of prompts that wait for one.
// access: read
// parameters: sample_keys
// returns: sample_key, lessons
UNWIND $sample_keys AS key
MATCH (k:TaughtTrace {sample_key: key})
RETURN key AS sample_key, collect([k.correlation_id, k.time_key, k.role, k.plan]) AS lessons
