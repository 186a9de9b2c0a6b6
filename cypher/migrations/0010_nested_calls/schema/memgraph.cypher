// Calls of models by the span above them that nobody has told of yet.
CREATE INDEX ON :EndpointCall(frontier);
