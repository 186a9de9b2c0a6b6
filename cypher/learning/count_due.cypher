// How many traces are to be looked at.
// access: read
// parameters: nothing
// returns: due
MATCH (t:TaughtTrace)
WHERE t.due_key > ''
RETURN count(t) AS due
