// The executions of prompts that can spawn subagents.
// access: read
// parameters: root_ids
// returns: properties
UNWIND $root_ids AS id
MATCH (h:HookExecution {spawner_root: id})
RETURN properties(h) AS properties
