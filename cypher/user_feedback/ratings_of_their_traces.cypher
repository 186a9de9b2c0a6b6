// The mean of the ratings that were given before an instant of the trace that each of some executions was in; those without any have
// no row.
// access: read
// parameters: ids, before
// returns: id, rating
UNWIND $ids AS id
MATCH (h:HookExecution {execution_id: id})
MATCH (h)<-[:RAN]-(t:Trace)
MATCH (t)<-[:ABOUT]-(f:Feedback)
WHERE f.rating IS NOT NULL AND f.created_at < $before
RETURN id, avg(f.rating) AS rating
