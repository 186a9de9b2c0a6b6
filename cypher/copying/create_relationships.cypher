// Creates relationships of one type between nodes that are there, as they were elsewhere.
// access: write
// parameters: rows
// marks: nothing
// returns: written
UNWIND $rows AS row
MATCH (a:ANY_LABEL {ANY_KEY: row.from_key})
MATCH (b:TO_LABEL {TO_KEY: row.to_key})
CREATE (a)-[r:ANY_TYPE]->(b)
SET r = row.properties
RETURN count(r) AS written
