// Those of some keys under which something has changed that is not counted yet.
// access: read
// parameters: keys
// returns: key
MATCH (m:UsageMark)
WHERE m.key IN $keys
RETURN DISTINCT m.key AS key
