// Says that traces were pruned: what they have contributed is kept, whatever is told of them late; and what others are judged by may
// have gone with them.
// access: write
// parameters: keys
// returns: nothing
UNWIND $keys AS key
CREATE (:PrunedMark {key: key})
WITH key
MATCH (c:CountedTrace {correlation_id: key})
SET c.pruned = c.contribution
