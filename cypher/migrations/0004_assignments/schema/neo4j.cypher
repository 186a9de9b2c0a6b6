// Which units were assigned to which arm of an experiment.
CREATE CONSTRAINT assignment_assignment_id IF NOT EXISTS FOR (n:Assignment) REQUIRE n.assignment_id IS UNIQUE;
CREATE INDEX assignment_experiment_id IF NOT EXISTS FOR (n:Assignment) ON (n.experiment_id);
