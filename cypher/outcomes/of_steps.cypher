// The latest outcomes that were reported about steps of each of some traces, before a time key, each with how many later ones of
// its source and name are about the same.
// access: read
// parameters: ids, before, limit
// returns: id, outcome, later
UNWIND $ids AS id
CALL {
  WITH id
  MATCH (about:Trace {correlation_id: id})
  MATCH (about)-[:RAN]->(:HookExecution)<-[:ABOUT]-(o:ReportedOutcome)
  WHERE o.time_key < $before
  RETURN o
  ORDER BY o.time_key DESC
  LIMIT $limit
}
CALL {
  WITH o
  OPTIONAL MATCH (o)-[:ABOUT]->(same)<-[:ABOUT]-(n:ReportedOutcome)
  WHERE n.source = o.source AND n.name = o.name AND n.time_key > o.time_key
  RETURN count(n) AS later
}
RETURN id, properties(o) AS outcome, later
