// Sets properties of hook executions, of those that are still as they were read: the first SET takes the write lock, and then their turn must be
// the one that was read.
// access: write
// parameters: rows, turn
// marks: Trace rows.traces
// returns: written
UNWIND $rows AS row
MATCH (n:HookExecution {execution_id: row.id})
SET n.lock = $turn
WITH n, row
WHERE coalesce(n.turn, '') = row.turn
SET n += row.changes, n.turn = $turn, n.lock = null
RETURN count(n) AS written
