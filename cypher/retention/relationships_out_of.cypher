// Which relationships of one type are there between nodes of two labels, looked up from their starts.
// access: read
// parameters: rows
// returns: known
UNWIND $rows AS row
MATCH (a:NODE_LABEL {NODE_KEY: row.start})-[:DRAWN_TYPE]->(b:OTHER_LABEL)
WHERE b.OTHER_KEY = row.end
RETURN collect(DISTINCT [row.start, row.end]) AS known
