// The ids of all prompts that learned patterns were learned from.
// access: read
// parameters: nothing
// returns: exemplar_id
MATCH (x:Exemplar)
RETURN x.exemplar_id AS exemplar_id
