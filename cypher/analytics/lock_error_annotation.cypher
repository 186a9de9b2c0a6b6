// Makes the node of an error pattern, if it is not there, and locks it; returns what is written of it.
// access: write
// parameters: template_id, template, now
// returns: annotation
MERGE (a:ErrorPattern {template_id: $template_id})
ON CREATE SET a.template = $template, a.created_at = $now
SET a.touched_at = $now
RETURN properties(a) AS annotation
