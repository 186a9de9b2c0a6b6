// The relationships of one type that go out from nodes of one label to nodes of another, by the keys of the former.
// access: read
// parameters: keys
// returns: from_key, to_key, properties
UNWIND $keys AS key
MATCH (a:ANY_LABEL {ANY_KEY: key})-[r:ANY_TYPE]->(b:TO_LABEL)
RETURN key AS from_key, b.TO_KEY AS to_key, properties(r) AS properties
