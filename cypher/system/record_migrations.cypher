// Records migrations that are not recorded yet; the others stay as they are.
// access: write
// parameters: rows
// returns: nothing
UNWIND $rows AS row
MERGE (m:SchemaVersion {key: row.name})
ON CREATE SET m += row
