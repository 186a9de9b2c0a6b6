// Makes sessions. Whoever loses a race for one runs again, and then finds it.
// access: write
// parameters: rows
// marks: nothing
// returns: nothing
UNWIND $rows AS row
CREATE (s:Session)
SET s = row
