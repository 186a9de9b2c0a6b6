// Notes when a token was used, unless that is known of a time since an instant.
// access: write
// parameters: token_id, at, since
// returns: written
MATCH (t:AccessToken {token_id: $token_id})
WHERE t.last_used_at IS NULL OR t.last_used_at < $since
SET t.last_used_at = $at
RETURN count(t) AS written
