// Which versions uses are of: versions by the names of their definitions, uses by what may yet be better.
CREATE CONSTRAINT pattern_version_definition_key_type IF NOT EXISTS FOR (n:PatternVersion) REQUIRE n.definition_key IS :: STRING;
CREATE CONSTRAINT pattern_version_link_key_type IF NOT EXISTS FOR (n:PatternVersion) REQUIRE n.link_key IS :: STRING;
CREATE CONSTRAINT hook_execution_use_open_key_type IF NOT EXISTS FOR (n:HookExecution) REQUIRE n.use_open_key IS :: STRING;
CREATE CONSTRAINT hook_execution_use_digest_type IF NOT EXISTS FOR (n:HookExecution) REQUIRE n.use_digest IS :: STRING;
CREATE INDEX pattern_version_definition_key IF NOT EXISTS FOR (n:PatternVersion) ON (n.definition_key);
CREATE INDEX pattern_version_link_key IF NOT EXISTS FOR (n:PatternVersion) ON (n.link_key);
CREATE INDEX hook_execution_use_open_key IF NOT EXISTS FOR (n:HookExecution) ON (n.use_open_key);
CREATE INDEX hook_execution_use_digest IF NOT EXISTS FOR (n:HookExecution) ON (n.use_digest);
