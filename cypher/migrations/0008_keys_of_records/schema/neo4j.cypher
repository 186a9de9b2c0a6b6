// Log records and data points by time, newest first: one index serves range and order.
CREATE INDEX log_record_time_key IF NOT EXISTS FOR (n:LogRecord) ON (n.time_key);
CREATE INDEX metric_point_time_key IF NOT EXISTS FOR (n:MetricPoint) ON (n.time_key);
