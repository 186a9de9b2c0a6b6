// Which of these data points are there.
// access: read
// parameters: point_ids
// returns: properties
UNWIND $point_ids AS id
MATCH (p:MetricPoint {point_id: id})
RETURN properties(p) AS properties
