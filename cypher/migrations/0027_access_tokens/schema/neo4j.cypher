// Tokens are found by the digests of their secrets, and by their ids.
CREATE CONSTRAINT access_token_token_id IF NOT EXISTS FOR (n:AccessToken) REQUIRE n.token_id IS UNIQUE;
CREATE CONSTRAINT access_token_token_hash IF NOT EXISTS FOR (n:AccessToken) REQUIRE n.token_hash IS UNIQUE;
