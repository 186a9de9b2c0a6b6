// What people say of traces, of their steps and of versions: ratings, sentiments, comments and tags.
CREATE CONSTRAINT feedback_feedback_id IF NOT EXISTS FOR (n:Feedback) REQUIRE n.feedback_id IS UNIQUE;
