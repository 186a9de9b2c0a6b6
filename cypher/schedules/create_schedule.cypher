// Makes a schedule.
// access: write
// parameters: schedule
// returns: schedule_id
CREATE (s:Schedule)
SET s = $schedule
RETURN s.schedule_id AS schedule_id
