// The edges out of some versions, in the order of these and then of ids, after an id of the first version; and how many characters
// are in them, about.
// access: read
// parameters: ids, after, limit
// returns: place, id, weight
UNWIND range(0, size($ids) - 1) AS place
WITH place, $ids[place] AS parent
MATCH (:PatternVersion {node_id: parent})-[r:EDGE_TYPES]->(:PatternVersion)
WHERE place > 0 OR r.edge_id > $after
RETURN place, r.edge_id AS id, coalesce(size(r.change_summary), 0) + coalesce(size(r.metadata), 0) AS weight
ORDER BY place, id
LIMIT $limit
