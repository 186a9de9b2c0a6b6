// Log records and data points by time, newest first: one index serves range and order.
CREATE INDEX ON :LogRecord(time_key);
CREATE INDEX ON :MetricPoint(time_key);
