// What people write of error patterns: known fixes and preventions, by the template.
CREATE CONSTRAINT error_pattern_template_id_type IF NOT EXISTS FOR (n:ErrorPattern) REQUIRE n.template_id IS :: STRING;
CREATE CONSTRAINT error_pattern_created_at_type IF NOT EXISTS FOR (n:ErrorPattern) REQUIRE n.created_at IS :: ZONED DATETIME;
CREATE CONSTRAINT error_pattern_updated_at_type IF NOT EXISTS FOR (n:ErrorPattern) REQUIRE n.updated_at IS :: ZONED DATETIME;
CREATE CONSTRAINT error_pattern_touched_at_type IF NOT EXISTS FOR (n:ErrorPattern) REQUIRE n.touched_at IS :: ZONED DATETIME;
CREATE CONSTRAINT error_pattern_template_id IF NOT EXISTS FOR (n:ErrorPattern) REQUIRE n.template_id IS UNIQUE;
