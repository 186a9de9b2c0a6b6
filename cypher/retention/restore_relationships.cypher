// Draws relationships of one type between nodes of two labels, where both are there.
// access: write
// parameters: rows
// marks: NODE_LABEL rows.start, OTHER_LABEL rows.end
// returns: drawn
UNWIND $rows AS row
MATCH (a:NODE_LABEL {NODE_KEY: row.start})
MATCH (b:OTHER_LABEL {OTHER_KEY: row.end})
CREATE (a)-[r:DRAWN_TYPE]->(b)
SET r += row.properties
RETURN count(r) AS drawn
