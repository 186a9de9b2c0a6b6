// Sign-ins of people in browsers are found by the digests of their secrets, and by when they end.
CREATE CONSTRAINT sign_in_sign_in_id IF NOT EXISTS FOR (n:SignIn) REQUIRE n.sign_in_id IS UNIQUE;
CREATE CONSTRAINT sign_in_secret_hash IF NOT EXISTS FOR (n:SignIn) REQUIRE n.secret_hash IS UNIQUE;
CREATE INDEX sign_in_end_key IF NOT EXISTS FOR (n:SignIn) ON (n.end_key);
