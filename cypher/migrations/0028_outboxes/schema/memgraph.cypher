// How far what is told has been published is found by the topic.
CREATE CONSTRAINT ON (n:Outbox) ASSERT n.name IS UNIQUE;
CREATE INDEX ON :Outbox(name);
