// Which of these log records are there.
// access: read
// parameters: record_ids
// returns: properties
UNWIND $record_ids AS id
MATCH (l:LogRecord {record_id: id})
RETURN properties(l) AS properties
