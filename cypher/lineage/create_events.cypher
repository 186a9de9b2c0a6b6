// Writes audit events; each is tied to the version it is about, if it names one. The embedded engine scans all versions for
// one whose id is null, so the empty text stands for none.
// access: write
// parameters: events
// marks: LineageEvent events.event_id
// returns: event_id
UNWIND $events AS row
CREATE (e:LineageEvent)
SET e = row
WITH e, row
OPTIONAL MATCH (v:PatternVersion {node_id: coalesce(row.node_id, '')})
FOREACH (_ IN CASE WHEN v IS NULL THEN [] ELSE [1] END | CREATE (e)-[:ABOUT]->(v))
RETURN e.event_id AS event_id
