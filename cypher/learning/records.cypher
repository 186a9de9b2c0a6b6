// How many learned patterns have so many successes and failures; and how many failed traces wait for a pattern (waits).
// access: read
// parameters: merged, above, below
// returns: waits, successes, failures, patterns
MATCH (l:LearnedPattern)
WHERE l.standing <> $merged
RETURN false AS waits, l.successes AS successes, l.failures AS failures, count(l) AS patterns
UNION ALL
MATCH (k:TaughtTrace)
WHERE k.sample_key > $above AND k.sample_key < $below
RETURN true AS waits, 0 AS successes, 1 AS failures, count(k) AS patterns
