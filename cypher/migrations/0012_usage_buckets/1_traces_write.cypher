// Marks traces, so that they are counted.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
CREATE (:UsageMark {label: 'Trace', key: row.key})
RETURN count(*) AS written
