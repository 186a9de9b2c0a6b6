// Keeps how risky improvements are.
// access: write
// parameters: rows
// returns: written
UNWIND $rows AS row
MATCH (i:Improvement {improvement_id: row.key})
SET i.risk = coalesce(i.risk, row.risk), i.risk_reasons = coalesce(i.risk_reasons, row.risk_reasons)
RETURN count(*) AS written
