"""The doors that are not GraphQL: ingest, OTLP, hooks, health, and their limits."""
