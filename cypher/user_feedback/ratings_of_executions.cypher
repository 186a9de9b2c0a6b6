// The mean of the ratings that were given of each of some executions before an instant; those without any have no row.
// access: read
// parameters: ids, before
// returns: id, rating
UNWIND $ids AS id
MATCH (h:HookExecution {execution_id: id})
MATCH (h)<-[:ABOUT]-(f:Feedback)
WHERE f.rating IS NOT NULL AND f.created_at < $before
RETURN id, avg(f.rating) AS rating
