// Who reported the outcome of a source and a name that counts for a unit's use of a version.
// access: read
// parameters: unit_key, source, name
// returns: created_by
MATCH (o:ReportedOutcome {unit_key: $unit_key})
WHERE o.source = $source AND o.name = $name
RETURN o.created_by AS created_by
ORDER BY o.time_key DESC
LIMIT 1
