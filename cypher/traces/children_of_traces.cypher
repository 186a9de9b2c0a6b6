// The traces that traces spawned, as far as the subject may see them (null: all).
// access: read
// parameters: correlation_ids, subject
// returns: parent_id, trace
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})-[:SPAWNED]->(t:Trace)
WHERE $subject IS NULL OR t.user_id IS NULL OR t.user_id = $subject
RETURN id AS parent_id, properties(t) AS trace
