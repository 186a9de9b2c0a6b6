// Versions that are watched after they were applied, and the decisions whose versions are still to be.
CREATE CONSTRAINT watch_watch_id IF NOT EXISTS FOR (n:Watch) REQUIRE n.watch_id IS UNIQUE;
CREATE INDEX watch_time_key IF NOT EXISTS FOR (n:Watch) ON (n.time_key);
CREATE INDEX watch_open_status IF NOT EXISTS FOR (n:Watch) ON (n.open_status);
CREATE INDEX decision_watch_due IF NOT EXISTS FOR (n:Decision) ON (n.watch_due);
