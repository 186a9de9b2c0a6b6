// Traces by id, those of each chunk of ids as one list: a driver takes as long for a record as for what is in it. Who may see
// them was asked when their ids were read.
// access: read
// parameters: chunks
// returns: records
UNWIND $chunks AS ids
CALL {
  WITH ids
  UNWIND ids AS id
  MATCH (n:Trace {correlation_id: id})
  RETURN collect(properties(n)) AS records
}
RETURN records
