// Writes audit events of accesses, those that are not there. They are not tied to the version that they are about: there are as many
// as executions, and each would change its node. Nobody who follows is told of them, because they change nothing.
// access: write
// parameters: events
// marks: nothing
// returns: written
UNWIND $events AS row
OPTIONAL MATCH (known:LineageEvent {event_id: row.event_id})
WITH row
WHERE known IS NULL
CREATE (e:LineageEvent)
SET e = row
RETURN count(e) AS written
