// Leases of runs, batches of runs, and schedules that start them.
CREATE CONSTRAINT feedback_batch_batch_id IF NOT EXISTS FOR (n:FeedbackBatch) REQUIRE n.batch_id IS UNIQUE;
CREATE CONSTRAINT schedule_schedule_id IF NOT EXISTS FOR (n:Schedule) REQUIRE n.schedule_id IS UNIQUE;
CREATE INDEX feedback_batch_open_key IF NOT EXISTS FOR (n:FeedbackBatch) ON (n.open_key);
CREATE INDEX schedule_time_key IF NOT EXISTS FOR (n:Schedule) ON (n.time_key);
CREATE INDEX schedule_due_key IF NOT EXISTS FOR (n:Schedule) ON (n.due_key);
