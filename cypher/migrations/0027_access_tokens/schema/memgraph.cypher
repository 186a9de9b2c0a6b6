// Tokens are found by the digests of their secrets, and by their ids.
CREATE CONSTRAINT ON (n:AccessToken) ASSERT n.token_id IS UNIQUE;
CREATE CONSTRAINT ON (n:AccessToken) ASSERT n.token_hash IS UNIQUE;
CREATE INDEX ON :AccessToken(token_id);
CREATE INDEX ON :AccessToken(token_hash);
