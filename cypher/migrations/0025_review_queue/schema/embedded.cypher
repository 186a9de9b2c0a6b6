// What waits for a reviewer is found by its status.
CREATE CONSTRAINT improvement_status_type IF NOT EXISTS FOR (n:Improvement) REQUIRE n.status IS :: STRING;
CREATE INDEX improvement_status IF NOT EXISTS FOR (n:Improvement) ON (n.status);
