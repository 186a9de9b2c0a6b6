// The latest outcomes that were reported about each of some nodes of one label, before a time key, each with how many later ones
// of its source and name (and unit) are about the same.
// access: read
// parameters: ids, before, limit
// returns: id, outcome, later
UNWIND $ids AS id
CALL {
  WITH id
  MATCH (about:NODE_LABEL {NODE_KEY: id})
  MATCH (about)<-[:ABOUT]-(o:ReportedOutcome)
  WHERE o.time_key < $before
  RETURN o
  ORDER BY o.time_key DESC
  LIMIT $limit
}
CALL {
  WITH o
  OPTIONAL MATCH (o)-[:ABOUT]->(same)<-[:ABOUT]-(n:ReportedOutcome)
  WHERE n.source = o.source AND n.name = o.name AND n.time_key > o.time_key AND coalesce(n.unit_key, '') = coalesce(o.unit_key, '')
  RETURN count(n) AS later
}
RETURN id, properties(o) AS outcome, later
