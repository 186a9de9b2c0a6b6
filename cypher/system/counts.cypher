// How many nodes there are of each main label, for `loopgraph doctor`.
// access: read
// parameters: nothing
// returns: label, count
MATCH (n:Pattern) RETURN 'Pattern' AS label, count(n) AS count
UNION ALL
MATCH (n:PatternVersion) RETURN 'PatternVersion' AS label, count(n) AS count
UNION ALL
MATCH (n:LineageEvent) RETURN 'LineageEvent' AS label, count(n) AS count
UNION ALL
MATCH (n:Trace) RETURN 'Trace' AS label, count(n) AS count
UNION ALL
MATCH (n:HookExecution) RETURN 'HookExecution' AS label, count(n) AS count
UNION ALL
MATCH (n:FeedbackRun) RETURN 'FeedbackRun' AS label, count(n) AS count
UNION ALL
MATCH (n:Decision) RETURN 'Decision' AS label, count(n) AS count
