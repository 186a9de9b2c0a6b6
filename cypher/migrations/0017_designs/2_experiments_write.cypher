// Keeps how experiments were made before there were designs.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (e:Experiment {experiment_id: row.key})
SET e.design = row.design
RETURN count(*) AS written
