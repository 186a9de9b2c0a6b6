// What others report of what came of work: tests, rewards, what became of commits.
CREATE CONSTRAINT reported_outcome_outcome_id IF NOT EXISTS FOR (n:ReportedOutcome) REQUIRE n.outcome_id IS UNIQUE;
CREATE INDEX reported_outcome_unit_key IF NOT EXISTS FOR (n:ReportedOutcome) ON (n.unit_key);
