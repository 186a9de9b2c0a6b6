// Log records and data points by time, newest first: one index serves range and order.
CREATE CONSTRAINT log_record_time_key_type IF NOT EXISTS FOR (n:LogRecord) REQUIRE n.time_key IS :: STRING;
CREATE CONSTRAINT metric_point_time_key_type IF NOT EXISTS FOR (n:MetricPoint) REQUIRE n.time_key IS :: STRING;
CREATE INDEX log_record_time_key IF NOT EXISTS FOR (n:LogRecord) ON (n.time_key);
CREATE INDEX metric_point_time_key IF NOT EXISTS FOR (n:MetricPoint) ON (n.time_key);
