// One page of the audit events of each of some patterns, newest first, between two time keys. Each pattern's own are sorted:
// a range that differs from row to row is served by no index of the embedded engine.
// access: read
// parameters: ids, above, before, pattern_id, node_id, correlation_id, event_types, severities, actor_type, actor_id, personal, asker, limit
// returns: id, event
UNWIND $ids AS id
CALL {
  WITH id
  MATCH (e:LineageEvent {pattern_id: id})
  WHERE e.time_key >= $above AND e.time_key < $before
    AND ($pattern_id IS NULL OR e.pattern_id = $pattern_id)
    AND ($node_id IS NULL OR e.node_id = $node_id)
    AND ($correlation_id IS NULL OR e.correlation_id = $correlation_id)
    AND ($event_types IS NULL OR e.event_type IN $event_types)
    AND ($severities IS NULL OR e.severity IN $severities)
    AND ($actor_type IS NULL OR e.actor_type = $actor_type)
    AND ($actor_id IS NULL OR e.actor_id = $actor_id)
    AND ($asker IS NULL OR e.actor_id = $asker OR NOT e.event_type IN $personal)
  RETURN e
  ORDER BY e.time_key DESC
  LIMIT $limit
}
RETURN id, properties(e) AS event
