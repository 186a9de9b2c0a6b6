// Buckets of usage, what traces have contributed to them, and whose turn it is to count.
CREATE CONSTRAINT usage_bucket_bucket_key_type IF NOT EXISTS FOR (n:UsageBucket) REQUIRE n.bucket_key IS :: STRING;
CREATE CONSTRAINT usage_breakdown_bucket_key_type IF NOT EXISTS FOR (n:UsageBreakdown) REQUIRE n.bucket_key IS :: STRING;
CREATE CONSTRAINT counted_trace_correlation_id_type IF NOT EXISTS FOR (n:CountedTrace) REQUIRE n.correlation_id IS :: STRING;
CREATE CONSTRAINT usage_round_name_type IF NOT EXISTS FOR (n:UsageRound) REQUIRE n.name IS :: STRING;
CREATE CONSTRAINT usage_bucket_kind_key_type IF NOT EXISTS FOR (n:UsageBucket) REQUIRE n.kind_key IS :: STRING;
CREATE CONSTRAINT usage_bucket_bucket_key IF NOT EXISTS FOR (n:UsageBucket) REQUIRE n.bucket_key IS UNIQUE;
CREATE CONSTRAINT usage_breakdown_bucket_key IF NOT EXISTS FOR (n:UsageBreakdown) REQUIRE n.bucket_key IS UNIQUE;
CREATE CONSTRAINT counted_trace_correlation_id IF NOT EXISTS FOR (n:CountedTrace) REQUIRE n.correlation_id IS UNIQUE;
CREATE CONSTRAINT usage_round_name IF NOT EXISTS FOR (n:UsageRound) REQUIRE n.name IS UNIQUE;
CREATE INDEX usage_bucket_kind_key IF NOT EXISTS FOR (n:UsageBucket) ON (n.kind_key);
