// One page of audit events, newest first, between two keys. Each key begins with what it is named for and goes on with the
// time, so that one index serves both filter and order.
// access: read
// parameters: above, before, pattern_id, node_id, correlation_id, event_types, severities, actor_type, actor_id, personal, asker, limit
// returns: event
MATCH (e:LineageEvent)
WHERE e.EVENT_KEY >= $above AND e.EVENT_KEY < $before
  AND ($pattern_id IS NULL OR e.pattern_id = $pattern_id)
  AND ($node_id IS NULL OR e.node_id = $node_id)
  AND ($correlation_id IS NULL OR e.correlation_id = $correlation_id)
  AND ($event_types IS NULL OR e.event_type IN $event_types)
  AND ($severities IS NULL OR e.severity IN $severities)
  AND ($actor_type IS NULL OR e.actor_type = $actor_type)
  AND ($actor_id IS NULL OR e.actor_id = $actor_id)
  AND ($asker IS NULL OR e.actor_id = $asker OR NOT e.event_type IN $personal)
RETURN properties(e) AS event
ORDER BY e.EVENT_KEY DESC
LIMIT $limit
