// How runs of agents went, by where and what; which agents were recommended: by time, and those of which it is not known yet what came;
// and proposals about learned patterns: by time, and those that wait for a decision.
CREATE CONSTRAINT ON (n:AgentRecord) ASSERT n.record_key IS UNIQUE;
CREATE INDEX ON :AgentRecord(record_key);
CREATE INDEX ON :AgentRecord(scope_key);
CREATE CONSTRAINT ON (n:AgentRecommendation) ASSERT n.correlation_id IS UNIQUE;
CREATE INDEX ON :AgentRecommendation(correlation_id);
CREATE INDEX ON :AgentRecommendation(time_key);
CREATE INDEX ON :AgentRecommendation(settle_key);
CREATE CONSTRAINT ON (n:PlanProposal) ASSERT n.proposal_id IS UNIQUE;
CREATE INDEX ON :PlanProposal(proposal_id);
CREATE INDEX ON :PlanProposal(time_key);
CREATE INDEX ON :PlanProposal(open_key);
