"""The fields of Mutation, by subject; ``schema`` assembles them."""
