// Which versions uses are of: versions by the names of their definitions, uses by what may yet be better.
CREATE INDEX ON :PatternVersion(definition_key);
CREATE INDEX ON :PatternVersion(link_key);
CREATE INDEX ON :HookExecution(use_open_key);
CREATE INDEX ON :HookExecution(use_digest);
