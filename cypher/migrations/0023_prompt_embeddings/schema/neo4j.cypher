// Vectors of prompts, and by what it is seen which learned patterns have changed.
CREATE CONSTRAINT prompt_embedding_embedding_id IF NOT EXISTS FOR (n:PromptEmbedding) REQUIRE n.embedding_id IS UNIQUE;
CREATE CONSTRAINT learned_pattern_pattern_id IF NOT EXISTS FOR (n:LearnedPattern) REQUIRE n.pattern_id IS UNIQUE;
CREATE CONSTRAINT exemplar_exemplar_id IF NOT EXISTS FOR (n:Exemplar) REQUIRE n.exemplar_id IS UNIQUE;
CREATE INDEX learned_pattern_updated_at IF NOT EXISTS FOR (n:LearnedPattern) ON (n.updated_at);
