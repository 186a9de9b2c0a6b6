// One page of the versions of each of some patterns, the newest below a version number. The numbers of a pattern have no
// gaps, so its versions are looked up by number: no engine sorts them, however many there are.
// access: read
// parameters: pattern_ids, below, limit
// returns: version
UNWIND $pattern_ids AS id
MATCH (p:Pattern {pattern_id: id})
WITH id, CASE WHEN p.latest_version < $below THEN p.latest_version ELSE $below - 1 END AS newest
UNWIND range(newest, CASE WHEN newest > $limit THEN newest - $limit + 1 ELSE 1 END, -1) AS number
MATCH (v:PatternVersion {pattern_id: id, version: number})
RETURN properties(v) AS version
