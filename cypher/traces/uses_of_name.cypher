// The uses of definitions of some names of which any version may be better, and those with a body.
// access: read
// parameters: keys, digests, limit
// returns: execution_id
UNWIND $keys AS key
MATCH (h:HookExecution {use_open_key: key})
RETURN h.execution_id AS execution_id
LIMIT $limit
UNION
UNWIND $digests AS digest
MATCH (h:HookExecution {use_digest: digest})
RETURN h.execution_id AS execution_id
LIMIT $limit
