// The steps of traces, and of the subagents that worked for them, that wrote files by one of some tools or have words in their input
// with which git takes files back or commits, each trace's first `limit`, in the order of time.
// access: read
// parameters: rows, tools, limit
// returns: id, steps
UNWIND $rows AS row
CALL {
  WITH row
  UNWIND row.traces AS trace
  CALL {
    WITH trace
    MATCH (t:Trace {correlation_id: trace})
    RETURN t
    UNION
    WITH trace
    MATCH (t:Trace {root_id: trace})
    RETURN t
  }
  MATCH (t)-[:RAN]->(h:HookExecution)
  WHERE h.status = 'success' AND (h.tool_name IN $tools
    OR h.tool_input CONTAINS 'git checkout' OR h.tool_input CONTAINS 'git restore' OR h.tool_input CONTAINS 'git commit')
  WITH DISTINCT trace, h
  ORDER BY coalesce(h.started_at, h.completed_at, h.created_at), h.execution_id
  LIMIT $limit
  RETURN collect({
    prompt_id: trace, execution_id: h.execution_id, correlation_id: h.correlation_id, tool_name: h.tool_name, tool_input: h.tool_input
  }) AS steps
}
RETURN row.id AS id, steps
