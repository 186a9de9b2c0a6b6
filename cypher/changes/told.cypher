// A change by its key, if it was committed.
// access: read
// parameters: key
// returns: key, at, body
MATCH (c:Change {change_key: $key})
RETURN c.change_key AS key, c.at AS at, c.body AS body
