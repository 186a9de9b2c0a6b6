// Versions of definitions are found by the text that a model was given.
CREATE INDEX ON :PatternVersion(body_digest);
