"""Kafka: the only room that imports its client."""
