// The prompts in which one version was used, between two keys of executions (the version, then the time), the latest first, each with
// the unit that used it, as far as the reader may see them (null: all): those of the latest `limit` executions, and how many of
// these they had. The work of a subagent counts for the prompt it was done for.
// access: read
// parameters: above, before, reader, limit
// returns: correlation_id, unit, executions
MATCH (h:HookExecution)
WHERE h.version_key >= $above AND h.version_key < $before
  AND ($reader IS NULL OR EXISTS {
    MATCH (t:Trace)-[:RAN]->(h) WHERE t.owner IN $reader OR t.shared_in IN $reader
  })
WITH h ORDER BY h.version_key DESC LIMIT $limit
MATCH (t:Trace)-[:RAN]->(h)
WITH coalesce(t.root_id, t.correlation_id) AS correlation_id, h.version_key AS key,
     CASE WHEN h.unit_rule = 'given' THEN h.unit ELSE coalesce(t.session_id, t.root_id, t.correlation_id) END AS unit
WITH correlation_id, max(unit) AS unit, count(*) AS executions, max(key) AS latest
ORDER BY latest DESC
RETURN correlation_id, unit, executions
