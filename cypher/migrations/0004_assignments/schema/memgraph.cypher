// Which units were assigned to which arm of an experiment.
CREATE CONSTRAINT ON (n:Assignment) ASSERT n.assignment_id IS UNIQUE;
CREATE INDEX ON :Assignment(assignment_id);
CREATE INDEX ON :Assignment(experiment_id);
