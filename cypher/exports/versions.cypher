// Versions by their patterns and numbers, in the order of these, and how many characters are in them, about.
// access: read
// parameters: wanted
// returns: place, id, weight
UNWIND $wanted AS row
MATCH (v:PatternVersion {pattern_id: row.pattern_id, version: row.version})
RETURN row.place AS place, v.node_id AS id,
  coalesce(size(v.template_code), 0) + coalesce(size(v.parameters), 0) + coalesce(size(v.metadata), 0)
    + coalesce(size(v.change_summary), 0) + coalesce(size(v.deprecation_reason), 0) + coalesce(size(v.resources), 0) AS weight
ORDER BY place
