// Makes endpoint calls under traces, where no hook execution is named.
// access: write
// parameters: rows
// marks: Trace rows.correlation_id
// returns: written
UNWIND $rows AS row
MATCH (t:Trace {correlation_id: row.correlation_id})
CREATE (t)-[:CALLED]->(c:EndpointCall)
SET c = row
RETURN count(*) AS written
