// Feedback by id, as far as the reader may see the trace that it is about (null: all).
// access: read
// parameters: feedback_ids, reader
// returns: feedback
UNWIND $feedback_ids AS id
MATCH (f:Feedback {feedback_id: id})
MATCH (f)-[:ABOUT]->(about)
OPTIONAL MATCH (t:Trace)-[:RAN]->(about)
WITH f, about, coalesce(t.owner, about.owner) AS owner, coalesce(t.shared_in, about.shared_in) AS shared_in
WHERE $reader IS NULL OR owner IN $reader OR shared_in IN $reader OR ('PatternVersion' IN labels(about))
RETURN properties(f) AS feedback
