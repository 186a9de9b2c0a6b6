// Versions that are watched after they were applied, and the decisions whose versions are still to be.
CREATE CONSTRAINT ON (n:Watch) ASSERT n.watch_id IS UNIQUE;
CREATE INDEX ON :Watch(watch_id);
CREATE INDEX ON :Watch(time_key);
CREATE INDEX ON :Watch(open_status);
CREATE INDEX ON :Decision(watch_due);
