// How many failed traces wait for the first success of their kind.
// access: read
// parameters: above, below
// returns: waiting
MATCH (k:TaughtTrace)
WHERE k.sample_key > $above AND k.sample_key < $below
RETURN count(k) AS waiting
