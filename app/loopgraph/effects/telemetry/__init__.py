"""The service's own telemetry: its spans and its metrics, sent by OTLP over HTTP."""
