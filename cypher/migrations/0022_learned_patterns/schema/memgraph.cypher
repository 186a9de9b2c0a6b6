// Learned patterns, and what traces taught them.
CREATE CONSTRAINT ON (n:PlanStep) ASSERT n.step_id IS UNIQUE;
CREATE CONSTRAINT ON (n:TaughtTrace) ASSERT n.correlation_id IS UNIQUE;
CREATE CONSTRAINT ON (n:LearningRound) ASSERT n.name IS UNIQUE;
CREATE INDEX ON :LearnedPattern(time_key);
CREATE INDEX ON :LearnedPattern(feature_key);
CREATE INDEX ON :Exemplar(pattern_id);
CREATE INDEX ON :PlanStep(step_id);
CREATE INDEX ON :TaughtTrace(correlation_id);
CREATE INDEX ON :TaughtTrace(due_key);
CREATE INDEX ON :TaughtTrace(sample_key);
CREATE INDEX ON :LearningRound(name);
