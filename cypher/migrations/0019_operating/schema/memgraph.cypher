// Leases of runs, batches of runs, and schedules that start them.
CREATE CONSTRAINT ON (n:FeedbackBatch) ASSERT n.batch_id IS UNIQUE;
CREATE CONSTRAINT ON (n:Schedule) ASSERT n.schedule_id IS UNIQUE;
CREATE INDEX ON :FeedbackBatch(batch_id);
CREATE INDEX ON :FeedbackBatch(open_key);
CREATE INDEX ON :Schedule(schedule_id);
CREATE INDEX ON :Schedule(time_key);
CREATE INDEX ON :Schedule(due_key);
