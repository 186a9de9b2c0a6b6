// Makes learned patterns part of others: they are not matched any more, and their replays are counted there.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MATCH (l:LearnedPattern {pattern_id: row.pattern_id})
MATCH (m:LearnedPattern {pattern_id: row.into})
SET l.standing = 'merged', l.revision = l.revision + 1, l.updated_at = row.at,
    m.replays = coalesce(m.replays, 0) + coalesce(l.replays, 0),
    m.replay_successes = coalesce(m.replay_successes, 0) + coalesce(l.replay_successes, 0)
CREATE (l)-[:PART_OF]->(m)
