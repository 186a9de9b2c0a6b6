// How far files of transcripts have been read.
// access: read
// parameters: file_ids
// returns: position
UNWIND $file_ids AS id
MATCH (f:TranscriptFile {file_id: id})
RETURN properties(f) AS position
