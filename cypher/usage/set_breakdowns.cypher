// Sets by what buckets are told apart.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MERGE (d:UsageBreakdown {bucket_key: row.bucket_key})
SET d.breakdown = row.breakdown
