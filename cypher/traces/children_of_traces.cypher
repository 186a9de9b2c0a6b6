// The traces that traces spawned, as far as the reader may see them (null: all).
// access: read
// parameters: correlation_ids, reader
// returns: parent_id, trace
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:SPAWNED]->(t:Trace)
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
RETURN id AS parent_id, properties(t) AS trace
