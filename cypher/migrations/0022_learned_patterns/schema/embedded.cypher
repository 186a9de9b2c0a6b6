// Learned patterns, and what traces taught them.
CREATE CONSTRAINT learned_pattern_time_key_type IF NOT EXISTS FOR (n:LearnedPattern) REQUIRE n.time_key IS :: STRING;
CREATE CONSTRAINT learned_pattern_feature_key_type IF NOT EXISTS FOR (n:LearnedPattern) REQUIRE n.feature_key IS :: STRING;
CREATE CONSTRAINT exemplar_pattern_id_type IF NOT EXISTS FOR (n:Exemplar) REQUIRE n.pattern_id IS :: STRING;
CREATE CONSTRAINT plan_step_step_id_type IF NOT EXISTS FOR (n:PlanStep) REQUIRE n.step_id IS :: STRING;
CREATE CONSTRAINT taught_trace_correlation_id_type IF NOT EXISTS FOR (n:TaughtTrace) REQUIRE n.correlation_id IS :: STRING;
CREATE CONSTRAINT taught_trace_due_key_type IF NOT EXISTS FOR (n:TaughtTrace) REQUIRE n.due_key IS :: STRING;
CREATE CONSTRAINT taught_trace_sample_key_type IF NOT EXISTS FOR (n:TaughtTrace) REQUIRE n.sample_key IS :: STRING;
CREATE CONSTRAINT learning_round_name_type IF NOT EXISTS FOR (n:LearningRound) REQUIRE n.name IS :: STRING;
CREATE CONSTRAINT learning_round_until_type IF NOT EXISTS FOR (n:LearningRound) REQUIRE n.until IS :: ZONED DATETIME;
CREATE CONSTRAINT plan_step_step_id IF NOT EXISTS FOR (n:PlanStep) REQUIRE n.step_id IS UNIQUE;
CREATE CONSTRAINT taught_trace_correlation_id IF NOT EXISTS FOR (n:TaughtTrace) REQUIRE n.correlation_id IS UNIQUE;
CREATE CONSTRAINT learning_round_name IF NOT EXISTS FOR (n:LearningRound) REQUIRE n.name IS UNIQUE;
CREATE INDEX learned_pattern_time_key IF NOT EXISTS FOR (n:LearnedPattern) ON (n.time_key);
CREATE INDEX learned_pattern_feature_key IF NOT EXISTS FOR (n:LearnedPattern) ON (n.feature_key);
CREATE INDEX exemplar_pattern_id IF NOT EXISTS FOR (n:Exemplar) ON (n.pattern_id);
CREATE INDEX taught_trace_due_key IF NOT EXISTS FOR (n:TaughtTrace) ON (n.due_key);
CREATE INDEX taught_trace_sample_key IF NOT EXISTS FOR (n:TaughtTrace) ON (n.sample_key);
