// How often buckets were changed, and until when somebody has them to himself; by which criteria successes are counted, who would
// rather count by others, and how far the traces are marked that earlier criteria judged (null: all).
// access: read
// parameters: name
// returns: round, owner, until, criteria, challenger, marked_to
MATCH (r:UsageRound {name: $name})
RETURN coalesce(r.round, 0) AS round, r.owner AS owner, r.until AS until, r.criteria AS criteria, r.challenger AS challenger,
       r.marked_to AS marked_to
