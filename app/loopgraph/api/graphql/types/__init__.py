"""GraphQL types. Each wraps a contract; what a type links to, it loads through ``info.context.loaders``."""
