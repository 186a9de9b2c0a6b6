// Keeps how good the texts of versions are by their form.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (v:PatternVersion {node_id: row.key})
SET v.text_form = row.text_form
RETURN count(*) AS written
