// Up to where the outboxes are that have been complete since an instant: what was told after that is kept for them.
// access: read
// parameters: since
// returns: cursor
MATCH (o:Outbox)
WHERE o.complete_at >= $since
RETURN o.cursor AS cursor
