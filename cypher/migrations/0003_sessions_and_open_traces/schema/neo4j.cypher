// Log records and data points by time, for retention.
CREATE INDEX log_record_at IF NOT EXISTS FOR (n:LogRecord) ON (n.at);
CREATE INDEX metric_point_at IF NOT EXISTS FOR (n:MetricPoint) ON (n.at);
