// Writes feedback, and ties it to what it is about: a trace, a step, or a version.
// access: write
// parameters: key, feedback
// marks: NODE_LABEL key
// returns: feedback_id
MATCH (about:NODE_LABEL {NODE_KEY: $key})
CREATE (f:Feedback)
SET f = $feedback
CREATE (f)-[:ABOUT]->(about)
RETURN f.feedback_id AS feedback_id
