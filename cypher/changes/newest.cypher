// The last of some changes, in the order of their keys.
// access: read
// parameters: above, before
// returns: key
MATCH (c:Change)
WHERE c.change_key > $above AND c.change_key < $before
RETURN c.change_key AS key
ORDER BY c.change_key DESC
LIMIT 1
