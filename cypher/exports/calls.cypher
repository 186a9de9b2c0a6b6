// The endpoint calls in some traces, made from hook executions or straight from the trace, in the order of the traces and then of
// ids, after an id of the first trace; and how many characters are in them, about.
// access: read
// parameters: ids, after, limit
// returns: place, id, weight
UNWIND range(0, size($ids) - 1) AS place
WITH place, $ids[place] AS parent
MATCH (t:Trace {correlation_id: parent})-[:RAN*0..1]->(o)-[:CALLED]->(c:EndpointCall)
WHERE place > 0 OR c.call_id > $after
RETURN place, c.call_id AS id,
  coalesce(size(c.request_body), 0) + coalesce(size(c.response_body), 0) + coalesce(size(c.request_parts), 0)
    + coalesce(size(c.response_parts), 0) + coalesce(size(c.headers), 0) + coalesce(size(c.context), 0)
    + coalesce(size(c.error_message), 0) AS weight
ORDER BY place, id
LIMIT $limit
