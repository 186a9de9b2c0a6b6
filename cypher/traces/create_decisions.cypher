// Makes the routing decisions of traces; the agent is repeated on the trace, where traces are filtered by it.
// access: write
// parameters: rows
// marks: Trace rows.correlation_id
// returns: written
UNWIND $rows AS row
MATCH (t:Trace {correlation_id: row.correlation_id})
CREATE (t)-[:ROUTED_BY]->(d:RoutingDecision)
SET d = row, t.agent = row.selected_agent
RETURN count(*) AS written
