// The traces of a project in a range of time, as far as the reader may see them (null: all). Of what a trace is for, it says itself;
// if it says nothing, its session does, or the folder of that.
// access: read
// parameters: project, above, before, reader
// returns: key, correlation_id
MATCH (t:Trace)
WHERE t.time_key >= $above AND t.time_key < $before
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
OPTIONAL MATCH (s:Session)-[:HAS_TRACE]->(t)
WITH t, coalesce(t.project, s.project, s.cwd) AS project
WHERE project = $project
RETURN t.time_key AS key, t.correlation_id AS correlation_id
