// What is known that the executions of the subjects of a kind cost between keys, in 10⁻⁹ US dollars: [subject, cost] in lists of 500, at
// most so many, without those of which nothing is known. It is read out of the text of the sums, in which each of these keys is there
// once: within names, quotes are escaped.
// access: read
// parameters: since, until, digits, limit
// returns: costs
MATCH (b:UsageBucket)
WHERE b.kind_key >= $since AND b.kind_key < $until AND b.sums CONTAINS '"priced":'
WITH left(b.bucket_key, size(b.bucket_key) - $digits) AS subject, split(b.sums, '"cost":') AS parts
WITH subject, sum(CASE WHEN size(parts) > 1 THEN toFloat(split(split(parts[1], ',')[0], '}')[0]) ELSE 0.0 END) AS cost
LIMIT $limit
WITH collect([subject, cost]) AS every
UNWIND range(0, size(every) - 1, 500) AS begin
RETURN every[begin..begin + 500] AS costs
