// How many nodes and relationships there are, of whatever label and type.
// access: read
// parameters: nothing
// returns: nodes, relationships
MATCH (n)
WITH count(n) AS nodes
OPTIONAL MATCH ()-[r]->()
RETURN nodes, count(r) AS relationships
