// The times of the calls that are over of one endpoint of a service, or (`part` null) of one model, in the traces of a range of time;
// lists of 500. Of calls of models within each other, one counts: the others are `retold`.
// access: read
// parameters: above, before, name, part
// returns: times
MATCH (t:Trace)-[:RAN*0..1]->()-[:CALLED]->(c:EndpointCall)
WHERE t.time_key >= $above AND t.time_key < $before AND c.status <> 'in_progress'
  AND (($part IS NOT NULL AND c.endpoint_path = $name AND c.service_name = $part)
       OR ($part IS NULL AND c.model = $name AND c.retold IS NULL))
WITH collect([c.started_at, c.completed_at, c.duration_ms, c.created_at]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN every[begin..begin + 500] AS times
