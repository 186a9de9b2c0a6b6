// Sets what buckets hold, and makes those that are not there.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MERGE (b:UsageBucket {bucket_key: row.bucket_key})
SET b += row
