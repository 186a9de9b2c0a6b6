// What others report of what came of work: tests, rewards, what became of commits.
CREATE CONSTRAINT ON (n:ReportedOutcome) ASSERT n.outcome_id IS UNIQUE;
CREATE INDEX ON :ReportedOutcome(outcome_id);
CREATE INDEX ON :ReportedOutcome(unit_key);
