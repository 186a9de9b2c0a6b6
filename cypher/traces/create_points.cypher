// Makes data points of metrics that name no session.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
CREATE (p:MetricPoint)
SET p = row
