// Unties traces from the sessions that they were said to be of, before better evidence ties them to others. A trace that is tied to none counts.
// access: write
// parameters: rows
// marks: Trace rows.correlation_id
// returns: written
UNWIND $rows AS row
MATCH (t:Trace {correlation_id: row.correlation_id})
OPTIONAL MATCH (:Session)-[drawn:HAS_TRACE]->(t)
DELETE drawn
RETURN count(DISTINCT t) AS written
