// How far files of transcripts have been read.
CREATE CONSTRAINT transcript_file_file_id_type IF NOT EXISTS FOR (n:TranscriptFile) REQUIRE n.file_id IS :: STRING;
CREATE CONSTRAINT transcript_file_read_at_type IF NOT EXISTS FOR (n:TranscriptFile) REQUIRE n.read_at IS :: ZONED DATETIME;
CREATE CONSTRAINT transcript_file_file_id IF NOT EXISTS FOR (n:TranscriptFile) REQUIRE n.file_id IS UNIQUE;
