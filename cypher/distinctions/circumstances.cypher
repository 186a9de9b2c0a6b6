// In what circumstances executions were: what their traces say of agent, project and tags, their sessions of the client, the models
// that were called and the tools that were used in the trace, and how long its prompt is.
// access: read
// parameters: execution_ids, most
// returns: execution_id, unit, agent, project, client, tags, models, tools, size
UNWIND $execution_ids AS id
MATCH (h:HookExecution {execution_id: id})
MATCH (t:Trace)-[:RAN]->(h)
OPTIONAL MATCH (s:Session {session_id: coalesce(t.session_id, '')})
CALL {
  WITH t
  OPTIONAL MATCH (t)-[:RAN]->(o:HookExecution)
  WHERE o.tool_name IS NOT NULL
  WITH DISTINCT o.tool_name AS tool ORDER BY tool LIMIT $most
  RETURN collect(tool) AS tools
}
CALL {
  WITH t
  OPTIONAL MATCH (t)-[:CALLED]->(c:EndpointCall)
  WHERE c.model IS NOT NULL
  RETURN c.model AS model
  UNION
  WITH t
  OPTIONAL MATCH (t)-[:RAN]->(:HookExecution)-[:CALLED]->(c:EndpointCall)
  WHERE c.model IS NOT NULL
  RETURN c.model AS model
}
WITH h, t, s, tools, collect(model) AS models
RETURN h.execution_id AS execution_id,
       CASE WHEN h.unit_rule = 'given' THEN h.unit ELSE coalesce(t.session_id, t.root_id, t.correlation_id) END AS unit,
       coalesce(t.agent, t.agent_type) AS agent, coalesce(t.project, s.project, s.cwd) AS project, s.client AS client,
       t.tags AS tags, models, tools, size(t.prompt_text) AS size
