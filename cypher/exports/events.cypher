// The audit events between two keys, oldest first, and how many characters are in them, about.
// access: read
// parameters: after, before, limit
// returns: key, id, weight
MATCH (e:LineageEvent)
WHERE e.EVENT_KEY > $after AND e.EVENT_KEY < $before
RETURN e.EVENT_KEY AS key, e.event_id AS id,
  coalesce(size(e.before), 0) + coalesce(size(e.after), 0) + coalesce(size(e.data), 0) AS weight
ORDER BY e.EVENT_KEY
LIMIT $limit
