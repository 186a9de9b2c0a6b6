// Writes an outcome that was reported, and ties it to what it is about: an execution, a trace, a session, or a version.
// access: write
// parameters: key, outcome
// marks: NODE_LABEL key
// returns: outcome_id
MATCH (about:NODE_LABEL {NODE_KEY: $key})
CREATE (o:ReportedOutcome)
SET o = $outcome
CREATE (o)-[:ABOUT]->(about)
RETURN o.outcome_id AS outcome_id
