// What was changed, for those who follow, and who writes it.
CREATE CONSTRAINT change_change_key_type IF NOT EXISTS FOR (n:Change) REQUIRE n.change_key IS :: STRING;
CREATE CONSTRAINT change_at_type IF NOT EXISTS FOR (n:Change) REQUIRE n.at IS :: ZONED DATETIME;
CREATE CONSTRAINT change_writer_number_type IF NOT EXISTS FOR (n:ChangeWriter) REQUIRE n.number IS :: INTEGER;
CREATE CONSTRAINT change_writer_at_type IF NOT EXISTS FOR (n:ChangeWriter) REQUIRE n.at IS :: ZONED DATETIME;
CREATE CONSTRAINT change_change_key IF NOT EXISTS FOR (n:Change) REQUIRE n.change_key IS UNIQUE;
CREATE CONSTRAINT change_writer_number IF NOT EXISTS FOR (n:ChangeWriter) REQUIRE n.number IS UNIQUE;
