// Versions that are watched after they were applied, and the decisions whose versions are still to be.
CREATE CONSTRAINT watch_watch_id_type IF NOT EXISTS FOR (n:Watch) REQUIRE n.watch_id IS :: STRING;
CREATE CONSTRAINT watch_time_key_type IF NOT EXISTS FOR (n:Watch) REQUIRE n.time_key IS :: STRING;
CREATE CONSTRAINT watch_open_status_type IF NOT EXISTS FOR (n:Watch) REQUIRE n.open_status IS :: STRING;
CREATE CONSTRAINT watch_since_type IF NOT EXISTS FOR (n:Watch) REQUIRE n.since IS :: ZONED DATETIME;
CREATE CONSTRAINT watch_ends_at_type IF NOT EXISTS FOR (n:Watch) REQUIRE n.ends_at IS :: ZONED DATETIME;
CREATE CONSTRAINT watch_updated_at_type IF NOT EXISTS FOR (n:Watch) REQUIRE n.updated_at IS :: ZONED DATETIME;
CREATE CONSTRAINT watch_ended_at_type IF NOT EXISTS FOR (n:Watch) REQUIRE n.ended_at IS :: ZONED DATETIME;
CREATE CONSTRAINT decision_watch_due_type IF NOT EXISTS FOR (n:Decision) REQUIRE n.watch_due IS :: STRING;
CREATE CONSTRAINT watch_watch_id IF NOT EXISTS FOR (n:Watch) REQUIRE n.watch_id IS UNIQUE;
CREATE INDEX watch_time_key IF NOT EXISTS FOR (n:Watch) ON (n.time_key);
CREATE INDEX watch_open_status IF NOT EXISTS FOR (n:Watch) ON (n.open_status);
CREATE INDEX decision_watch_due IF NOT EXISTS FOR (n:Decision) ON (n.watch_due);
