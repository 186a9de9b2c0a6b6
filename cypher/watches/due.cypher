// Decisions that put a version into use and whose versions are not watched yet, with what they rest on.
// access: read
// parameters: limit
// returns: decision, node_id, experiment
MATCH (d:Decision {watch_due: 'due'})-[:APPROVED]->(v:PatternVersion)
MATCH (e:Experiment {experiment_id: d.experiment_id})
RETURN properties(d) AS decision, v.node_id AS node_id, properties(e) AS experiment
LIMIT $limit
