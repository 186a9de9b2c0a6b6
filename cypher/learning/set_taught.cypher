// Keeps what traces teach, and whom.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MERGE (k:TaughtTrace {correlation_id: row.correlation_id})
SET k.pattern_id = row.pattern_id, k.role = row.role, k.plan = row.plan, k.time_key = row.time_key, k.sample_key = row.sample_key
