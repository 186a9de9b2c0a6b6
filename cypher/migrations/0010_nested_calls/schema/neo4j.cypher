// Calls of models by the span above them that nobody has told of yet.
CREATE INDEX endpoint_call_frontier IF NOT EXISTS FOR (n:EndpointCall) ON (n.frontier);
