// The identities of the repositories whose history was imported: the ids of their patterns begin with `git:` and the identity.
// access: read
// parameters: begin, end
// returns: identity
MATCH (p:Pattern)
WHERE p.pattern_id >= $begin AND p.pattern_id < $end
RETURN DISTINCT substring(p.pattern_id, 4, 32) AS identity
