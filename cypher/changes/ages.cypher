// When the first of some changes were made, in the order of their keys.
// access: read
// parameters: above, before, limit
// returns: key, at
MATCH (c:Change)
WHERE c.change_key > $above AND c.change_key < $before
RETURN c.change_key AS key, c.at AS at
ORDER BY c.change_key
LIMIT $limit
