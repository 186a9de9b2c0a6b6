// Takes away changes of a writer, up to and with a number.
// access: write
// parameters: keys, number, floor, at
// returns: nothing
MATCH (w:ChangeWriter {number: $number})
SET w.floor = CASE WHEN w.floor < $floor THEN $floor ELSE w.floor END,
    w.at = CASE WHEN w.at < $at THEN $at ELSE w.at END
WITH w
UNWIND $keys AS key
MATCH (c:Change {change_key: key})
DELETE c
