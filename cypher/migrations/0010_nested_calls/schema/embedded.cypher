// Calls of models by the span above them that nobody has told of yet.
CREATE CONSTRAINT endpoint_call_frontier_type IF NOT EXISTS FOR (n:EndpointCall) REQUIRE n.frontier IS :: STRING;
CREATE INDEX endpoint_call_frontier IF NOT EXISTS FOR (n:EndpointCall) ON (n.frontier);
