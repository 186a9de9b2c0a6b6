// Which relationships of one type are there between nodes of two labels, looked up from their ends.
// access: read
// parameters: rows
// returns: known
UNWIND $rows AS row
MATCH (b:OTHER_LABEL {OTHER_KEY: row.end})<-[:DRAWN_TYPE]-(a:NODE_LABEL)
WHERE a.NODE_KEY = row.start
RETURN collect(DISTINCT [row.start, row.end]) AS known
