// The traces with uses of patterns whose next prompt one of these is, by the keys of their sessions (`low`) and their own (`high`):
// from the prompt before it on.
// access: read
// parameters: rows, prompted
// returns: correlation_id
UNWIND $rows AS row
MATCH (t:Trace)
WHERE t.session_key > row.low AND t.session_key < row.high
WITH row, collect(CASE WHEN t.source = $prompted THEN t.session_key END) AS prompts,
     collect(CASE WHEN t.uses AND t.agent_id IS NULL THEN [t.session_key, t.correlation_id] END) AS used
WITH used, reduce(last = '', key IN prompts | CASE WHEN key > last THEN key ELSE last END) AS previous
UNWIND used AS one
WITH one, previous
WHERE one[0] >= previous
RETURN DISTINCT one[1] AS correlation_id
