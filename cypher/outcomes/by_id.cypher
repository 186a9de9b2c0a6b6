// Outcomes by id, as far as the reader may see the trace or the session that they are about (null: all), and those of units as far
// as the asker has reported them, each with how many later ones of its source and name (and unit) are about the same.
// access: read
// parameters: outcome_ids, reader, asker
// returns: outcome, later
UNWIND $outcome_ids AS id
MATCH (o:ReportedOutcome {outcome_id: id})
MATCH (o)-[:ABOUT]->(about)
OPTIONAL MATCH (t:Trace)-[:RAN]->(about)
WITH o, about, coalesce(t.owner, about.owner) AS owner, coalesce(t.shared_in, about.shared_in) AS shared_in
WHERE $reader IS NULL OR owner IN $reader OR shared_in IN $reader OR
  ('PatternVersion' IN labels(about) AND (o.unit IS NULL OR o.created_by = $asker))
CALL {
  WITH o
  OPTIONAL MATCH (o)-[:ABOUT]->(same)<-[:ABOUT]-(n:ReportedOutcome)
  WHERE n.source = o.source AND n.name = o.name AND n.time_key > o.time_key AND coalesce(n.unit_key, '') = coalesce(o.unit_key, '')
  RETURN count(n) AS later
}
RETURN properties(o) AS outcome, later
