// What is kept of traces that were looked at, of which learned pattern (of one that is part of another, that); whether they moved into the
// archive, and whether they are tied to what they taught.
// access: read
// parameters: correlation_ids
// returns: correlation_id, pattern_id, role, plan, sample_key, agent_run, pruned, tied
UNWIND $correlation_ids AS id
MATCH (k:TaughtTrace {correlation_id: id})
OPTIONAL MATCH (c:CountedTrace {correlation_id: id})
OPTIONAL MATCH (:Trace {correlation_id: id})-[r:TAUGHT]->(:LearnedPattern)
OPTIONAL MATCH (:LearnedPattern {pattern_id: coalesce(k.pattern_id, '')})-[:PART_OF]->(m:LearnedPattern)
RETURN id AS correlation_id, coalesce(m.pattern_id, k.pattern_id) AS pattern_id, k.role AS role, k.plan AS plan,
       k.sample_key AS sample_key, k.agent_run AS agent_run, c.pruned IS NOT NULL AS pruned, count(r) > 0 AS tied
