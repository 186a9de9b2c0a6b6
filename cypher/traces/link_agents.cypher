// Ties routing decisions to the agents they selected, which are made if need be.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MERGE (a:Agent {name: row.selected_agent})
WITH a, row
MATCH (d:RoutingDecision {correlation_id: row.correlation_id})
CREATE (d)-[:SELECTED]->(a)
RETURN count(*) AS written
