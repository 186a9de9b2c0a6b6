// One page of traces, newest first, between two keys, as far as the subject may see them (null: all). The key is the time, or
// the session and then the time, so that one index serves both filter and order.
// access: read
// parameters: above, before, status, agent, tag, subject, limit
// returns: trace
MATCH (t:Trace)
WHERE t.TRACE_KEY >= $above AND t.TRACE_KEY < $before
  AND ($status IS NULL OR t.status = $status)
  AND ($agent IS NULL OR t.agent = $agent)
  AND ($tag IS NULL OR $tag IN t.tags)
  AND ($subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject)
RETURN properties(t) AS trace
ORDER BY t.TRACE_KEY DESC
LIMIT $limit
