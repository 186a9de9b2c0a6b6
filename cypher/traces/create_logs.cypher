// Makes log records that name neither a trace nor a session.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
CREATE (l:LogRecord)
SET l = row
