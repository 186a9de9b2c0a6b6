// Keeps what came of offers beside them: it stays when their traces move into the archive.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (x:PlanOffer {correlation_id: row.key})
SET x.unit = row.unit, x.withheld = row.withheld, x.outcome = row.outcome, x.duration_ms = row.duration_ms, x.settled_at = row.settled_at
RETURN count(*) AS written
