// How often buckets were changed, and which days each round from one on has changed, that one's predecessor included: the newest first,
// as far as it is kept, and as far as programs counted that say so.
// access: read
// parameters: name, since
// returns: round, changed
MATCH (r:UsageRound {name: $name})
RETURN coalesce(r.round, 0) AS round, coalesce(r.changed_days, [])[..coalesce(r.round, 0) - $since + 1] AS changed
