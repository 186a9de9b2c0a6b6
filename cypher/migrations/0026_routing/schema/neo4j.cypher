// How runs of agents went, by where and what; which agents were recommended: by time, and those of which it is not known yet what came;
// and proposals about learned patterns: by time, and those that wait for a decision.
CREATE CONSTRAINT agent_record_record_key IF NOT EXISTS FOR (n:AgentRecord) REQUIRE n.record_key IS UNIQUE;
CREATE INDEX agent_record_scope_key IF NOT EXISTS FOR (n:AgentRecord) ON (n.scope_key);
CREATE CONSTRAINT agent_recommendation_correlation_id IF NOT EXISTS FOR (n:AgentRecommendation) REQUIRE n.correlation_id IS UNIQUE;
CREATE INDEX agent_recommendation_time_key IF NOT EXISTS FOR (n:AgentRecommendation) ON (n.time_key);
CREATE INDEX agent_recommendation_settle_key IF NOT EXISTS FOR (n:AgentRecommendation) ON (n.settle_key);
CREATE CONSTRAINT plan_proposal_proposal_id IF NOT EXISTS FOR (n:PlanProposal) REQUIRE n.proposal_id IS UNIQUE;
CREATE INDEX plan_proposal_time_key IF NOT EXISTS FOR (n:PlanProposal) ON (n.time_key);
CREATE INDEX plan_proposal_open_key IF NOT EXISTS FOR (n:PlanProposal) ON (n.open_key);
