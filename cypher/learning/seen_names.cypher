// What is known of names: which units they were seen in.
// access: read
// parameters: name_keys
// returns: name_key, witnesses
UNWIND $name_keys AS key
MATCH (n:SeenName {name_key: key})
RETURN key AS name_key, n.witnesses AS witnesses
