// What people say of traces, of their steps and of versions: ratings, sentiments, comments and tags.
CREATE CONSTRAINT ON (n:Feedback) ASSERT n.feedback_id IS UNIQUE;
CREATE INDEX ON :Feedback(feedback_id);
