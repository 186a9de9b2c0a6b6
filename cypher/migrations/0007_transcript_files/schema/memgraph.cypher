// How far files of transcripts have been read.
CREATE CONSTRAINT ON (n:TranscriptFile) ASSERT n.file_id IS UNIQUE;
CREATE INDEX ON :TranscriptFile(file_id);
