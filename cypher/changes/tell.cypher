// The last statement before a commit: what of it is to be counted anew, and what it changed, for those who follow.
// access: write
// parameters: key, at, body, marked_at, rows
// returns: nothing
CREATE (c:Change {change_key: $key, at: $at, body: $body})
WITH c
UNWIND $rows AS row
CREATE (:UsageMark {label: row.label, key: row.key, at: $marked_at})
