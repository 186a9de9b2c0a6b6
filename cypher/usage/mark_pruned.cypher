// Says that traces were pruned: what they have contributed stays, but what others are judged by may have gone with them.
// access: write
// parameters: keys
// returns: nothing
UNWIND $keys AS key
CREATE (:PrunedMark {key: key})
