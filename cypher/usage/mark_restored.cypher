// Says that traces are whole again: what is there of them is all that they contribute.
// access: write
// parameters: keys
// returns: nothing
UNWIND $keys AS key
MATCH (c:CountedTrace {correlation_id: key})
WHERE c.pruned IS NOT NULL
SET c.pruned = null
CREATE (:UsageMark {label: 'Trace', key: key})
