// How many traces after an id have uses of patterns.
// access: read
// parameters: after
// returns: traces
MATCH (t:Trace)
WHERE t.correlation_id > $after AND t.uses
RETURN count(t) AS traces
