// The traces whose counts depend on others that have changed: prompts with uses of patterns, for which subagents have worked
// (`roots`), and all traces of some prompts (`families`).
// access: read
// parameters: roots, families
// returns: correlation_id
UNWIND $roots AS id
MATCH (t:Trace {correlation_id: id})
WHERE t.uses
RETURN id AS correlation_id
UNION
UNWIND $families AS id
MATCH (t:Trace {root_id: id})
RETURN t.correlation_id AS correlation_id
UNION
UNWIND $families AS id
MATCH (t:Trace {correlation_id: id})
RETURN t.correlation_id AS correlation_id
