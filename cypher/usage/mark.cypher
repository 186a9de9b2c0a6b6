// Says that something was changed that is to be counted anew.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
CREATE (:UsageMark {label: row.label, key: row.key})
