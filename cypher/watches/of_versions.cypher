// The watch on each of some versions.
// access: read
// parameters: node_ids
// returns: node_id, watch
UNWIND $node_ids AS id
MATCH (:PatternVersion {node_id: id})<-[:WATCHES]-(w:Watch)
RETURN id AS node_id, properties(w) AS watch
