// What traces have contributed (`pruned`: before they were pruned), and the key of their place in their session, of those that are prompts.
// access: read
// parameters: correlation_ids
// returns: correlation_id, contribution, prompt_key, pruned
UNWIND $correlation_ids AS id
MATCH (c:CountedTrace {correlation_id: id})
RETURN id AS correlation_id, c.contribution AS contribution, c.prompt_key AS prompt_key, c.pruned AS pruned
