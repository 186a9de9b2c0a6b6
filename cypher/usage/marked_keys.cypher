// The keys of all that has changed and is not counted yet.
// access: read
// parameters: nothing
// returns: key
MATCH (m:UsageMark)
RETURN DISTINCT m.key AS key
