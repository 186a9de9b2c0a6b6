// What happened in the traces of a range of time, as far as the reader may see them (null: all), by what `by` names: "day" (as
// 20261121, UTC), "project", "agent". Prompts are the traces that a person's prompt began; steps are those of all traces. The ends are
// those of prompts and, told apart by agents, of every trace of a named one.
// `project` (null: all) is the folder of a session. `prompted` is the source of a prompt, `pattern` the type of a step that is the
// use of a pattern, which is no step of the work.
// access: read
// parameters: above, before, reader, by, project, prompted, pattern, limit
// returns: day, project, agent, sessions, traces, prompts, succeeded, failed, denied, interrupted, in_progress, steps, failed_steps, denied_steps
MATCH (t:Trace)
WHERE t.time_key >= $above AND t.time_key < $before
  AND ($reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader)
OPTIONAL MATCH (s:Session)-[:HAS_TRACE]->(t)
WITH t, coalesce(t.project, s.project, s.cwd) AS folder
WHERE $project IS NULL OR folder = $project
OPTIONAL MATCH (t)-[:RAN]->(h:HookExecution)
WHERE coalesce(h.hook_type, '') <> $pattern
WITH t, folder, count(h) AS steps,
     sum(CASE WHEN h.status = 'error' OR h.status = 'timeout' THEN 1 ELSE 0 END) AS failed_steps,
     sum(CASE WHEN h.status = 'denied' THEN 1 ELSE 0 END) AS denied_steps
WITH t, folder, steps, failed_steps, denied_steps, coalesce(t.started_at, t.completed_at, t.created_at) AS at,
     'agent' IN $by AND coalesce(t.agent, t.agent_type) IS NOT NULL OR t.source = $prompted AS counts
WITH CASE WHEN 'day' IN $by THEN at.year * 10000 + at.month * 100 + at.day END AS day,
     CASE WHEN 'project' IN $by THEN folder END AS project,
     CASE WHEN 'agent' IN $by THEN coalesce(t.agent, t.agent_type) END AS agent,
     t, counts, steps, failed_steps, denied_steps
RETURN day, project, agent, count(DISTINCT t.session_id) AS sessions, count(t) AS traces,
       sum(CASE WHEN t.source = $prompted THEN 1 ELSE 0 END) AS prompts,
       sum(CASE WHEN counts AND t.status = 'success' THEN 1 ELSE 0 END) AS succeeded,
       sum(CASE WHEN counts AND (t.status = 'error' OR t.status = 'timeout') THEN 1 ELSE 0 END) AS failed,
       sum(CASE WHEN counts AND t.status = 'denied' THEN 1 ELSE 0 END) AS denied,
       sum(CASE WHEN counts AND t.status = 'interrupted' THEN 1 ELSE 0 END) AS interrupted,
       sum(CASE WHEN counts AND t.status = 'in_progress' THEN 1 ELSE 0 END) AS in_progress,
       sum(steps) AS steps, sum(failed_steps) AS failed_steps, sum(denied_steps) AS denied_steps
ORDER BY traces DESC, day, project, agent
LIMIT $limit
