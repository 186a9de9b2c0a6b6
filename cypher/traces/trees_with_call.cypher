// Which of these traces have an endpoint call like this (null: whatever it is) in themselves, in what they spawned, or in what
// names them as its root.
// access: read
// parameters: correlation_ids, service, endpoint, status, agent_type
// returns: correlation_id
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:SPAWNED*0..257]->(place:Trace)-[:RAN*0..1]->(caller)-[:CALLED]->(c:EndpointCall)
WHERE ($service IS NULL OR c.service_name = $service)
  AND ($endpoint IS NULL OR c.endpoint_path = $endpoint)
  AND ($status IS NULL OR c.status = $status)
  AND ($agent_type IS NULL OR place.agent_type = $agent_type)
RETURN DISTINCT id AS correlation_id
UNION
UNWIND $correlation_ids AS id
MATCH (place:Trace {root_id: id})-[:RAN*0..1]->(caller)-[:CALLED]->(c:EndpointCall)
WHERE ($service IS NULL OR c.service_name = $service)
  AND ($endpoint IS NULL OR c.endpoint_path = $endpoint)
  AND ($status IS NULL OR c.status = $status)
  AND ($agent_type IS NULL OR place.agent_type = $agent_type)
RETURN DISTINCT id AS correlation_id
