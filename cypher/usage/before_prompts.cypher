// The traces with uses of patterns whose next prompt one of these is, by their sessions and the keys of their places in them: from
// the prompt before it on.
// access: read
// parameters: rows, prompted
// returns: correlation_id
UNWIND $rows AS row
MATCH (s:Session {session_id: row.session_id})
MATCH (s)-[:HAS_TRACE]->(t:Trace)
WHERE t.session_key < row.key
WITH row, max(CASE WHEN t.source = $prompted THEN t.session_key END) AS previous,
     collect(CASE WHEN t.uses AND t.agent_id IS NULL THEN [t.session_key, t.correlation_id] END) AS used
UNWIND used AS one
WITH one, coalesce(previous, '') AS previous
WHERE one[0] >= previous
RETURN DISTINCT one[1] AS correlation_id
