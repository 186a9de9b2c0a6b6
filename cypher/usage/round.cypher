// How often buckets were changed, and until when somebody has them to himself.
// access: read
// parameters: name
// returns: round, owner, until, criteria
MATCH (r:UsageRound {name: $name})
RETURN r.round AS round, r.owner AS owner, r.until AS until, r.criteria AS criteria
