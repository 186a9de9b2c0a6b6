// The patterns between two keys of the order of time, oldest first, with how many versions they have and how many characters are in
// them, about.
// access: read
// parameters: after, before, limit
// returns: key, id, versions, weight
MATCH (p:Pattern)
WHERE p.time_key > $after AND p.time_key < $before
RETURN p.time_key AS key, p.pattern_id AS id, p.latest_version AS versions,
  coalesce(size(p.description), 0) + coalesce(size(p.metadata), 0) AS weight
ORDER BY p.time_key
LIMIT $limit
