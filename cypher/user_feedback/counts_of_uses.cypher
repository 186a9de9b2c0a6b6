// How often the same was said about the uses of any version of each of some groups, as far as the reader may see their traces
// (null: all).
// access: read
// parameters: groups, reader
// returns: id, rating, sentiment, tags, count
UNWIND $groups AS group
WITH group.id AS id, group.node_ids AS node_ids
UNWIND node_ids AS node_id
MATCH (v:PatternVersion {node_id: node_id})
MATCH (v)<-[:USED]-(h:HookExecution)<-[:ABOUT]-(f:Feedback)
MATCH (h)<-[:RAN]-(t:Trace)
WHERE $reader IS NULL OR t.owner IN $reader OR t.shared_in IN $reader
WITH DISTINCT id, f
RETURN id, f.rating AS rating, f.sentiment AS sentiment, f.tags AS tags, count(f) AS count
