// Takes away what ties steps of plans to traces.
// access: write
// parameters: correlation_ids
// marks: nothing
// returns: nothing
UNWIND $correlation_ids AS id
MATCH (:Trace {correlation_id: id})<-[r:SUPPORTED_BY|FAILED_IN]-(:PlanStep)
DELETE r
