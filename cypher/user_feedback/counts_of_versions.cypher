// How often the same was said about any version of each of some groups.
// access: read
// parameters: groups
// returns: id, rating, sentiment, tags, count
UNWIND $groups AS group
WITH group.id AS id, group.node_ids AS node_ids
UNWIND node_ids AS node_id
MATCH (v:PatternVersion {node_id: node_id})
MATCH (v)<-[:ABOUT]-(f:Feedback)
WITH DISTINCT id, f
RETURN id, f.rating AS rating, f.sentiment AS sentiment, f.tags AS tags, count(f) AS count
