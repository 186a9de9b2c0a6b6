"""The doors of OTLP, over HTTP and gRPC."""
