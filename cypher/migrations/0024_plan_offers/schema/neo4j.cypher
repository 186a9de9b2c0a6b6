// Which traces were offered plans: by time, by pattern and time, and those of which it is not known yet what came.
CREATE CONSTRAINT plan_offer_correlation_id IF NOT EXISTS FOR (n:PlanOffer) REQUIRE n.correlation_id IS UNIQUE;
CREATE INDEX plan_offer_time_key IF NOT EXISTS FOR (n:PlanOffer) ON (n.time_key);
CREATE INDEX plan_offer_pattern_key IF NOT EXISTS FOR (n:PlanOffer) ON (n.pattern_key);
CREATE INDEX plan_offer_settle_key IF NOT EXISTS FOR (n:PlanOffer) ON (n.settle_key);
