// What waits for a reviewer is found by its status.
CREATE INDEX improvement_status IF NOT EXISTS FOR (n:Improvement) ON (n.status);
