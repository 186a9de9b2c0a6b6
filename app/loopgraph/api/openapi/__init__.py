"""The OpenAPI document: every route of the service, made of the values that the doors themselves are made of."""
