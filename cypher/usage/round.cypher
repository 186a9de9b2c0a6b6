// How often buckets were changed, and until when somebody has them to himself.
// access: read
// parameters: name
// returns: round, owner, until
MATCH (r:UsageRound {name: $name})
RETURN coalesce(r.round, 0) AS round, r.owner AS owner, r.until AS until
