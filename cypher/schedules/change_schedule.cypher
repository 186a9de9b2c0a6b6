// Changes a schedule, if it still has the revision that was seen. The first SET takes the write lock, so that of two the second
// reads what the first has written.
// access: write
// parameters: schedule_id, revision, turn, changes
// returns: schedule
MATCH (s:Schedule {schedule_id: $schedule_id})
SET s.turn = $turn
WITH s
WHERE s.revision = $revision
SET s += $changes
RETURN properties(s) AS schedule
