// What was changed, for those who follow, and who writes it.
CREATE CONSTRAINT ON (n:Change) ASSERT n.change_key IS UNIQUE;
CREATE CONSTRAINT ON (n:ChangeWriter) ASSERT n.number IS UNIQUE;
CREATE INDEX ON :Change(change_key);
CREATE INDEX ON :ChangeWriter(number);
