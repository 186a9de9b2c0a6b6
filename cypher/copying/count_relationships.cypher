// How many relationships of one type go from one label to another.
// access: read
// parameters: nothing
// returns: count
MATCH (:ANY_LABEL)-[r:ANY_TYPE]->(:TO_LABEL)
RETURN count(r) AS count
