// The edges out of some versions: the children's side of a frontier, or all edges of a set reached along the edges. Those of each
// chunk of ids are one list of pairs [edge, relationship_type]: a driver takes as long for a record as for what is in it.
// access: read
// parameters: chunks
// returns: edges
UNWIND $chunks AS ids
CALL {
  WITH ids
  UNWIND ids AS id
  MATCH (:PatternVersion {node_id: id})-[r:EDGE_TYPES]->(:PatternVersion)
  RETURN collect([properties(r), type(r)]) AS edges
}
RETURN edges
