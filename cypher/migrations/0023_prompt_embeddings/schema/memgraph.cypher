// Vectors of prompts, and by what it is seen which learned patterns have changed.
CREATE CONSTRAINT ON (n:PromptEmbedding) ASSERT n.embedding_id IS UNIQUE;
CREATE INDEX ON :PromptEmbedding(embedding_id);
CREATE CONSTRAINT ON (n:LearnedPattern) ASSERT n.pattern_id IS UNIQUE;
CREATE INDEX ON :LearnedPattern(pattern_id);
CREATE CONSTRAINT ON (n:Exemplar) ASSERT n.exemplar_id IS UNIQUE;
CREATE INDEX ON :Exemplar(exemplar_id);
CREATE INDEX ON :LearnedPattern(updated_at);
