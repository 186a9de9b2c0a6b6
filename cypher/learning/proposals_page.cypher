// One page of proposals about learned patterns, newest first, before a time key, of a kind and a status (null: any).
// access: read
// parameters: before, kind, status, limit
// returns: proposal
MATCH (x:PlanProposal)
WHERE x.time_key < $before AND ($kind IS NULL OR x.kind = $kind) AND ($status IS NULL OR x.status = $status)
RETURN properties(x) AS proposal
ORDER BY x.time_key DESC
LIMIT $limit
