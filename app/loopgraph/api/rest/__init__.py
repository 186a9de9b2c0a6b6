"""The REST paths of dashboards that speak no GraphQL: each is a thin view of the same schema, executed like any operation."""
