// Writes what people know of an error pattern; null takes a property away.
// access: write
// parameters: template_id, known_fix, prevention, now, by
// returns: annotation
MATCH (a:ErrorPattern {template_id: $template_id})
SET a.known_fix = $known_fix, a.prevention = $prevention, a.updated_at = $now, a.updated_by = $by
RETURN properties(a) AS annotation
