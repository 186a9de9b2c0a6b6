// Keeps what traces have contributed.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MERGE (c:CountedTrace {correlation_id: row.correlation_id})
SET c.contribution = row.contribution, c.prompt_key = row.prompt_key
