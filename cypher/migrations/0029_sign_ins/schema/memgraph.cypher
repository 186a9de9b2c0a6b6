// Sign-ins of people in browsers are found by the digests of their secrets, and by when they end.
CREATE CONSTRAINT ON (n:SignIn) ASSERT n.sign_in_id IS UNIQUE;
CREATE CONSTRAINT ON (n:SignIn) ASSERT n.secret_hash IS UNIQUE;
CREATE INDEX ON :SignIn(sign_in_id);
CREATE INDEX ON :SignIn(secret_hash);
CREATE INDEX ON :SignIn(end_key);
