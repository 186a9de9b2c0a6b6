// What others report of what came of work: tests, rewards, what became of commits.
CREATE CONSTRAINT reported_outcome_outcome_id_type IF NOT EXISTS FOR (n:ReportedOutcome) REQUIRE n.outcome_id IS :: STRING;
CREATE CONSTRAINT reported_outcome_time_key_type IF NOT EXISTS FOR (n:ReportedOutcome) REQUIRE n.time_key IS :: STRING;
CREATE CONSTRAINT reported_outcome_unit_key_type IF NOT EXISTS FOR (n:ReportedOutcome) REQUIRE n.unit_key IS :: STRING;
CREATE CONSTRAINT reported_outcome_at_type IF NOT EXISTS FOR (n:ReportedOutcome) REQUIRE n.at IS :: ZONED DATETIME;
CREATE CONSTRAINT reported_outcome_reported_at_type IF NOT EXISTS FOR (n:ReportedOutcome) REQUIRE n.reported_at IS :: ZONED DATETIME;
CREATE CONSTRAINT reported_outcome_outcome_id IF NOT EXISTS FOR (n:ReportedOutcome) REQUIRE n.outcome_id IS UNIQUE;
CREATE INDEX reported_outcome_unit_key IF NOT EXISTS FOR (n:ReportedOutcome) ON (n.unit_key);
