// How far what is told has been published is found by the topic.
CREATE CONSTRAINT outbox_name IF NOT EXISTS FOR (n:Outbox) REQUIRE n.name IS UNIQUE;
