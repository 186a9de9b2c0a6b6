// The key of the trace that so many others of a range lie before, newest first; no row if there are not so many. Read from the
// index alone, it bounds what a filter has to look at.
// access: read
// parameters: above, before, count
// returns: key
MATCH (t:Trace)
WHERE t.TRACE_KEY >= $above AND t.TRACE_KEY < $before
RETURN t.TRACE_KEY AS key
ORDER BY t.TRACE_KEY DESC
SKIP $count
LIMIT 1
