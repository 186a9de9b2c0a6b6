// Watches by id.
// access: read
// parameters: watch_ids
// returns: watch
UNWIND $watch_ids AS id
MATCH (w:Watch {watch_id: id})
RETURN properties(w) AS watch
