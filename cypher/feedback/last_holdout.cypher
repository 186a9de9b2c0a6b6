// How many of the units of a pattern were in no experiment during the last one: what is held out stays held out.
// access: read
// parameters: pattern_id
// returns: holdout_share
MATCH (:Pattern {pattern_id: $pattern_id})<-[:ON]-(:Improvement)-[:TESTED_BY]->(e:Experiment)
WITH e.started_at AS started_at, coalesce(e.holdout_share, 0.0) AS holdout_share
ORDER BY started_at DESC
LIMIT 1
RETURN holdout_share
