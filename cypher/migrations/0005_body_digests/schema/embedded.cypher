// Versions of definitions are found by the text that a model was given.
CREATE CONSTRAINT pattern_version_body_digest_type IF NOT EXISTS FOR (n:PatternVersion) REQUIRE n.body_digest IS :: STRING;
CREATE INDEX pattern_version_body_digest IF NOT EXISTS FOR (n:PatternVersion) ON (n.body_digest);
