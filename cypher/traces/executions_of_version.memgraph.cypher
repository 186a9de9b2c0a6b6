// The finished executions of one version between two keys (the version, then the time), newest first, as far as the subject may
// see their traces (null: all).
// access: read
// parameters: above, before, subject, limit
// returns: execution
MATCH (h:HookExecution)
WHERE h.version_key >= $above AND h.version_key < $before
MATCH (t:Trace)-[:RAN]->(h)
WHERE $subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject
RETURN properties(h) AS execution
ORDER BY h.version_key DESC
LIMIT $limit
