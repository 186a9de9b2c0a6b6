// Log records and data points by time, for retention.
CREATE INDEX ON :LogRecord(at);
CREATE INDEX ON :MetricPoint(at);
