// Writes on the one node that is only ours, to see whether the graph stores anything now.
// access: write
// parameters: now
// returns: written
MATCH (s:SchemaVersion {key: 'loopgraph'})
SET s.probed_at = $now
RETURN count(s) AS written
