// What people write of error patterns: known fixes and preventions, by the template.
CREATE CONSTRAINT ON (n:ErrorPattern) ASSERT n.template_id IS UNIQUE;
CREATE INDEX ON :ErrorPattern(template_id);
