// Which units were assigned to which arm of an experiment.
CREATE CONSTRAINT assignment_assignment_id_type IF NOT EXISTS FOR (n:Assignment) REQUIRE n.assignment_id IS :: STRING;
CREATE CONSTRAINT assignment_experiment_id_type IF NOT EXISTS FOR (n:Assignment) REQUIRE n.experiment_id IS :: STRING;
CREATE CONSTRAINT assignment_assigned_at_type IF NOT EXISTS FOR (n:Assignment) REQUIRE n.assigned_at IS :: ZONED DATETIME;
CREATE CONSTRAINT assignment_assignment_id IF NOT EXISTS FOR (n:Assignment) REQUIRE n.assignment_id IS UNIQUE;
CREATE INDEX assignment_experiment_id IF NOT EXISTS FOR (n:Assignment) ON (n.experiment_id);
