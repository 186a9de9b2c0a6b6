// Which versions of patterns were used in the traces of a range of time, as far as the reader may see them (null: all), how often,
// and how that ended. `pattern_type` (null: all) is the kind of pattern, `project` (null: all) the folder of a session.
// The time between two instants is whole days and the microseconds beyond them in Memgraph.
// access: read
// parameters: above, before, reader, pattern_type, project, limit
// returns: pattern_id, pattern_type, name, metadata, node_id, version, label, uses, sessions, succeeded, failed, denied, interrupted, exact, avg_duration_ms, execution_ids, last_used_at
MATCH (t:Trace)-[:RAN]->(h:HookExecution)-[used:USED]->(v:PatternVersion)
WHERE t.time_key >= $above AND t.time_key < $before
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
  AND ($pattern_type IS NULL OR v.pattern_type = $pattern_type)
OPTIONAL MATCH (s:Session)-[:HAS_TRACE]->(t)
WITH t, h, used, v, coalesce(t.project, s.project, s.cwd) AS folder
WHERE $project IS NULL OR folder = $project
WITH t, h, used, v, CASE WHEN h.duration_ms IS NULL AND h.started_at <= h.completed_at THEN h.completed_at - h.started_at END AS passed
WITH t, h, used, v,
     CASE
       WHEN h.duration_ms IS NOT NULL THEN h.duration_ms
       WHEN passed IS NOT NULL THEN passed.day * 86400000.0 + passed.microsecond / 1000.0
     END AS ms
MATCH (p:Pattern)-[:HAS_VERSION]->(v)
WITH p, v, count(h) AS uses, count(DISTINCT t.session_id) AS sessions,
     sum(CASE WHEN h.status = 'success' THEN 1 ELSE 0 END) AS succeeded,
     sum(CASE WHEN h.status = 'error' OR h.status = 'timeout' THEN 1 ELSE 0 END) AS failed,
     sum(CASE WHEN h.status = 'denied' THEN 1 ELSE 0 END) AS denied,
     sum(CASE WHEN h.status = 'interrupted' THEN 1 ELSE 0 END) AS interrupted,
     sum(CASE WHEN used.rule STARTS WITH 'exact' THEN 1 ELSE 0 END) AS exact,
     avg(ms) AS avg_duration_ms, collect(h.execution_id) AS execution_ids,
     max(coalesce(h.started_at, h.completed_at, h.created_at)) AS last_used_at
RETURN p.pattern_id AS pattern_id, p.pattern_type AS pattern_type, p.name AS name, p.metadata AS metadata, v.node_id AS node_id,
       v.version AS version, v.label AS label, uses, sessions, succeeded, failed, denied, interrupted, exact, avg_duration_ms,
       execution_ids, last_used_at
ORDER BY uses DESC, name, version DESC, node_id
LIMIT $limit
