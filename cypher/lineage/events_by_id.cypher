// Audit events by id.
// access: read
// parameters: event_ids
// returns: event
UNWIND $event_ids AS id
MATCH (e:LineageEvent {event_id: id})
RETURN properties(e) AS event
