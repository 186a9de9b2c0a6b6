// Says that something was changed that is to be counted anew, and when that was, in milliseconds since 1970.
// access: write
// parameters: rows, at
// returns: nothing
UNWIND $rows AS row
CREATE (:UsageMark {label: row.label, key: row.key, at: $at})
