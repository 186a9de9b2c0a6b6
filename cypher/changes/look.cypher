// Those of some changes that are there, and the writers (their key is null).
// access: read
// parameters: keys
// returns: key, at, body, number, owner, seq, floor
UNWIND $keys AS wanted
MATCH (c:Change {change_key: wanted})
RETURN c.change_key AS key, c.at AS at, c.body AS body, null AS number, null AS owner, null AS seq, null AS floor
UNION ALL
MATCH (w:ChangeWriter)
RETURN null AS key, null AS at, null AS body, w.number AS number, w.owner AS owner, w.seq AS seq, w.floor AS floor
