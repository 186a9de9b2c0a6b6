// Notes how far files of transcripts have been read; what they say has been recorded.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MERGE (f:TranscriptFile {file_id: row.file_id})
SET f += row
