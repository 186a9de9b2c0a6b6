// Counts replays of a learned pattern, or takes them away again.
// access: write
// parameters: pattern_id, replays, successes
// returns: written
MATCH (l:LearnedPattern {pattern_id: $pattern_id})
SET l.replays = coalesce(l.replays, 0) + $replays, l.replay_successes = coalesce(l.replay_successes, 0) + $successes
RETURN count(l) AS written
