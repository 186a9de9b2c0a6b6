"""The dialects of OpenTelemetry: one table of what frameworks call things, read by one engine (``reading``).

A framework that is not known is a row in this table; its names are found in what it sends (``tests/senders``) or in its source.
"""
