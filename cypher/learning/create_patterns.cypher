// Makes learned patterns beside their patterns.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (p:Pattern {pattern_id: row.pattern_id})
CREATE (l:LearnedPattern {pattern_id: row.pattern_id, time_key: row.time_key, standing: row.standing, replays: 0, replay_successes: 0})
CREATE (l)-[:DESCRIBES]->(p)
RETURN count(l) AS written
