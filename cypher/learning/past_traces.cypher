// Traces as they were learned from, with their prompts, as far as these are kept and not in the archive: what each taught whom (a pattern that
// is part of another: that), in which session and where it was asked, and whether it was offered a plan.
// access: read
// parameters: correlation_ids, characters
// returns: correlation_id, time_key, role, plan, pattern_id, prompt_text, session_id, context, project, withheld, propensity
UNWIND $correlation_ids AS id
MATCH (k:TaughtTrace {correlation_id: id})
MATCH (t:Trace {correlation_id: id})
WHERE t.prompt_text IS NOT NULL AND k.role IS NOT NULL
OPTIONAL MATCH (:LearnedPattern {pattern_id: coalesce(k.pattern_id, '')})-[:PART_OF]->(m:LearnedPattern)
OPTIONAL MATCH (s:Session {session_id: coalesce(t.session_id, '')})
OPTIONAL MATCH (t)-[o:OFFERED]->(:PatternVersion)
RETURN id AS correlation_id, k.time_key AS time_key, k.role AS role, k.plan AS plan, coalesce(m.pattern_id, k.pattern_id) AS pattern_id,
       substring(t.prompt_text, 0, $characters) AS prompt_text, t.session_id AS session_id, t.context AS context,
       coalesce(t.project, s.project, s.cwd) AS project, o.withheld AS withheld, o.propensity AS propensity
