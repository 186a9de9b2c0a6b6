// Decisions by id.
// access: read
// parameters: decision_ids
// returns: decision
UNWIND $decision_ids AS id
MATCH (d:Decision {decision_id: id})
RETURN properties(d) AS decision
