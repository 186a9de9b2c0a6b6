// How far files of transcripts have been read.
CREATE CONSTRAINT transcript_file_file_id IF NOT EXISTS FOR (n:TranscriptFile) REQUIRE n.file_id IS UNIQUE;
