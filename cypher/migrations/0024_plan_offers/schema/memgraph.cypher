// Which traces were offered plans: by time, by pattern and time, and those of which it is not known yet what came.
CREATE CONSTRAINT ON (n:PlanOffer) ASSERT n.correlation_id IS UNIQUE;
CREATE INDEX ON :PlanOffer(correlation_id);
CREATE INDEX ON :PlanOffer(time_key);
CREATE INDEX ON :PlanOffer(pattern_key);
CREATE INDEX ON :PlanOffer(settle_key);
