// What people write of error patterns: known fixes and preventions, by the template.
CREATE CONSTRAINT error_pattern_template_id IF NOT EXISTS FOR (n:ErrorPattern) REQUIRE n.template_id IS UNIQUE;
