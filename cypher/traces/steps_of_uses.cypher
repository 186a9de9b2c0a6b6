// How many steps there were under uses of patterns, by how they ended, with the quality that they report, and how many of them
// gathered knowledge; those that are uses themselves are none.
// access: read
// parameters: rows
// returns: execution_id, status, steps, quality, scored, gathering
UNWIND $rows AS row
UNWIND row.correlation_ids AS trace
MATCH (:Trace {correlation_id: trace})-[:RAN]->(h:HookExecution)
WHERE coalesce(h.hook_type, '') <> 'Pattern'
WITH row, h, coalesce(h.started_at, h.completed_at, h.created_at) AS at
WHERE (row.since IS NULL OR at >= row.since) AND (row.until IS NULL OR at <= row.until)
RETURN row.execution_id AS execution_id, h.status AS status, count(*) AS steps, sum(h.quality_score) AS quality,
       count(h.quality_score) AS scored,
       sum(CASE WHEN h.rag_queries_executed IS NOT NULL OR h.intelligence_functions_executed IS NOT NULL THEN 1 ELSE 0 END) AS gathering
