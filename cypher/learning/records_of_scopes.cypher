// How runs of agents went in some scopes, of each those with the best lower end of Wilson's interval, as learning/upkeep.py has it; those
// with so few runs that they recommend nobody, or successes that do not tell a name which is not known, come after all others. "square" is
// that of the normal quantile.
// access: read
// parameters: scope_keys, limit, quantile, square, least_runs, several, known
// returns: record
UNWIND $scope_keys AS key
CALL {
  WITH key
  MATCH (r:AgentRecord {scope_key: key})
  WHERE r.successes + r.failures > 0
  WITH r, toFloat(r.successes + r.failures) AS runs
  WITH r, runs, r.successes / runs AS rate,
       CASE WHEN runs >= $least_runs AND (r.successes >= $several OR r.agent IN $known) THEN 0 ELSE 1 END AS place
  WITH r, place, (rate + $square / (2 * runs) - $quantile * sqrt(rate * (1 - rate) / runs + $square / (4 * runs * runs)))
       / (1 + $square / runs) AS lower
  RETURN r
  ORDER BY place, lower DESC, r.agent
  LIMIT $limit
}
RETURN properties(r) AS record
