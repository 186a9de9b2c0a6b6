// Writes what the learner knows of learned patterns; how plans that were handed out did, others write, and what is part of another
// pattern stays that.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (l:LearnedPattern {pattern_id: row.pattern_id})
SET l.name = row.name, l.intent = row.intent, l.action = row.action, l.keywords = row.keywords, l.domain = row.domain,
    l.project = row.project, l.agent = row.agent, l.successes = row.successes, l.failures = row.failures,
    l.feature_key = row.feature_key, l.revision = row.revision, l.plan = row.plan, l.plan_support = row.plan_support,
    l.updated_at = row.updated_at,
    l.standing = CASE WHEN l.standing = 'merged' THEN l.standing ELSE row.standing END
RETURN count(l) AS written
