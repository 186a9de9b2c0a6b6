// How much waits in the graph, up to a number of each kind: what figures lack (also of what was pruned), what is to be learned from,
// open runs of the loop, and improvements that wait for a person.
// access: read
// parameters: most, open, for_review
// returns: of, waiting
MATCH (m:UsageMark) WITH m LIMIT $most RETURN 'counting' AS of, count(m) AS waiting
UNION ALL
MATCH (p:PrunedMark) WITH p LIMIT $most RETURN 'counting' AS of, count(p) AS waiting
UNION ALL
MATCH (t:TaughtTrace) WHERE t.due_key > '' WITH t LIMIT $most RETURN 'learning' AS of, count(t) AS waiting
UNION ALL
MATCH (r:FeedbackRun) WHERE r.open_status IN $open WITH r LIMIT $most RETURN 'runs' AS of, count(r) AS waiting
UNION ALL
MATCH (i:Improvement) WHERE i.status IN $for_review
MATCH (v:PatternVersion {node_id: i.candidate_node_id}) WHERE v.status <> 'rejected'
WITH i LIMIT $most RETURN 'review' AS of, count(i) AS waiting
