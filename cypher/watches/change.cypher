// Changes open watches, each if it still has the revision that was seen. The first SET takes the write lock, as in claim_run.
// access: write
// parameters: rows, turn
// returns: watch
UNWIND $rows AS row
MATCH (w:Watch {watch_id: row.watch_id})
SET w.turn = $turn
WITH w, row
WHERE w.revision = row.revision AND w.open_status IS NOT NULL
SET w += row.changes
RETURN properties(w) AS watch
