"""What OpenTelemetry's spans, logs and metrics say."""
