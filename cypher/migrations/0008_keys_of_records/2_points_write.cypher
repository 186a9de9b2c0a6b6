// Gives data points the key that they are listed by.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (m:MetricPoint {point_id: row.key})
SET m.time_key = row.time_key
RETURN count(*) AS written
