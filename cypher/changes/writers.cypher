// The writers of changes: which process has them (null: none), the number of the last change of those that nobody has, and up to
// which their changes are gone.
// access: read
// parameters: nothing
// returns: number, owner, seq, floor, at
MATCH (w:ChangeWriter)
RETURN w.number AS number, w.owner AS owner, w.seq AS seq, w.floor AS floor, w.at AS at
