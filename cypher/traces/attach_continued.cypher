// Ties traces to the ones they go on with.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MATCH (later:Trace {correlation_id: row.correlation_id})
MATCH (earlier:Trace {correlation_id: row.continued_from})
CREATE (earlier)-[:CONTINUED_BY]->(later)
RETURN count(*) AS written
