// Draws the relationships of one type between nodes of two labels that are not there; `known` counts those whose ends are.
// access: write
// parameters: rows
// returns: known
UNWIND $rows AS row
MATCH (a:NODE_LABEL {NODE_KEY: row.start})
MATCH (b:OTHER_LABEL {OTHER_KEY: row.end})
MERGE (a)-[r:DRAWN_TYPE]->(b)
ON CREATE SET r += row.properties
RETURN count(r) AS known
