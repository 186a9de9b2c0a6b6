"""The GraphQL door: schema, loaders, types, queries, mutations and subscriptions."""
