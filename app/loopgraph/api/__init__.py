"""The doors: GraphQL, HTTP ingest, health."""
