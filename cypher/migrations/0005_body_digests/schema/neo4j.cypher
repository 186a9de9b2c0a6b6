// Versions of definitions are found by the text that a model was given.
CREATE INDEX pattern_version_body_digest IF NOT EXISTS FOR (n:PatternVersion) ON (n.body_digest);
