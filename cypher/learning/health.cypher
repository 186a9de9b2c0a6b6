// How many learned patterns there are, how many traces they were taught by, and when the last one was.
// access: read
// parameters: active
// returns: patterns, active, successes, failures, learned_at
MATCH (l:LearnedPattern)
RETURN count(l) AS patterns, sum(CASE WHEN l.standing = $active THEN 1 ELSE 0 END) AS active, sum(l.successes) AS successes,
       sum(l.failures) AS failures, max(l.updated_at) AS learned_at
