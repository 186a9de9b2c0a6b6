// What people say of traces, of their steps and of versions: ratings, sentiments, comments and tags.
CREATE CONSTRAINT feedback_feedback_id_type IF NOT EXISTS FOR (n:Feedback) REQUIRE n.feedback_id IS :: STRING;
CREATE CONSTRAINT feedback_time_key_type IF NOT EXISTS FOR (n:Feedback) REQUIRE n.time_key IS :: STRING;
CREATE CONSTRAINT feedback_created_at_type IF NOT EXISTS FOR (n:Feedback) REQUIRE n.created_at IS :: ZONED DATETIME;
CREATE CONSTRAINT feedback_feedback_id IF NOT EXISTS FOR (n:Feedback) REQUIRE n.feedback_id IS UNIQUE;
