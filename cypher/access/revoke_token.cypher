// Revokes a token; one that is revoked stays as it is. The first SET takes the write lock, so that of two who revoke it at once the
// second is told when the first one did.
// access: write
// parameters: token_id, turn, at
// returns: token
MATCH (t:AccessToken {token_id: $token_id})
SET t.turn = $turn
WITH t
SET t.revoked_at = coalesce(t.revoked_at, $at)
RETURN properties(t) AS token
