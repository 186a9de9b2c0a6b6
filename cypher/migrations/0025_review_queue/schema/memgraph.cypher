// What waits for a reviewer is found by its status.
CREATE INDEX ON :Improvement(status);
