// Which of these keys are marked.
// access: read
// parameters: keys
// returns: key
MATCH (m:UsageMark)
WHERE m.key IN $keys
RETURN DISTINCT m.key AS key
