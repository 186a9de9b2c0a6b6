// Takes away a writer that has not written since an instant.
// access: write
// parameters: number, before
// returns: nothing
MATCH (w:ChangeWriter {number: $number})
WHERE w.at < $before
DELETE w
