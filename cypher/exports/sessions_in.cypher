// Those of some sessions that are of a project: what they name, else the folder that they worked in.
// access: read
// parameters: ids, project
// returns: id
UNWIND $ids AS id
MATCH (s:Session {session_id: id})
WHERE coalesce(s.project, s.cwd) = $project
RETURN id
