// Names are found by what they are of.
CREATE CONSTRAINT seen_name_name_key_type IF NOT EXISTS FOR (n:SeenName) REQUIRE n.name_key IS :: STRING;
CREATE CONSTRAINT seen_name_name_key IF NOT EXISTS FOR (n:SeenName) REQUIRE n.name_key IS UNIQUE;
