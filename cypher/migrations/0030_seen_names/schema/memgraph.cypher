// Names are found by what they are of.
CREATE CONSTRAINT ON (n:SeenName) ASSERT n.name_key IS UNIQUE;
CREATE INDEX ON :SeenName(name_key);
