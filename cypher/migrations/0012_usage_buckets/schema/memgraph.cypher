// Buckets of usage, what traces have contributed to them, and whose turn it is to count.
CREATE CONSTRAINT ON (n:UsageBucket) ASSERT n.bucket_key IS UNIQUE;
CREATE CONSTRAINT ON (n:UsageBreakdown) ASSERT n.bucket_key IS UNIQUE;
CREATE CONSTRAINT ON (n:CountedTrace) ASSERT n.correlation_id IS UNIQUE;
CREATE CONSTRAINT ON (n:UsageRound) ASSERT n.name IS UNIQUE;
CREATE INDEX ON :UsageBucket(bucket_key);
CREATE INDEX ON :UsageBreakdown(bucket_key);
CREATE INDEX ON :CountedTrace(correlation_id);
CREATE INDEX ON :UsageRound(name);
CREATE INDEX ON :UsageBucket(kind_key);
