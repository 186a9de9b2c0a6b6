// Versions by id, those of each chunk of ids as one list: a driver takes as long for a record as for what is in it.
// access: read
// parameters: chunks
// returns: versions
UNWIND $chunks AS ids
CALL {
  WITH ids
  UNWIND ids AS id
  MATCH (v:PatternVersion {node_id: id})
  RETURN collect(properties(v)) AS versions
}
RETURN versions
