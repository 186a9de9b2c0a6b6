// Schedules by id.
// access: read
// parameters: schedule_ids
// returns: schedule
UNWIND $schedule_ids AS id
MATCH (s:Schedule {schedule_id: id})
RETURN properties(s) AS schedule
