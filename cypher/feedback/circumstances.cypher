// In which circumstances executions took place: who worked on what, with which tool and model, and how their input begins.
// access: read
// parameters: execution_ids, characters
// returns: execution_id, agent, agent_type, project, tool, hook_type, model, arguments, tool_input
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})<-[:RAN]-(t:Trace)
OPTIONAL MATCH (t)-[:ROUTED_BY]->(:RoutingDecision)-[:SELECTED]->(a:Agent)
WITH id, h, t, min(a.name) AS agent
OPTIONAL MATCH (h)-[:CALLED]->(c:EndpointCall)
WITH id, h, t, agent, min(c.model) AS model
RETURN id AS execution_id, agent, t.agent_type AS agent_type, t.project AS project, h.tool_name AS tool,
       h.hook_type AS hook_type, model,
       toString(size(h.arguments)) + ' ' + left(h.arguments, $characters) AS arguments,
       toString(size(h.tool_input)) + ' ' + left(h.tool_input, $characters) AS tool_input
