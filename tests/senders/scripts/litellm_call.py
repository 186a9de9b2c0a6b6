"""pip install litellm opentelemetry-exporter-otlp-proto-http"""

import os
import time

os.environ["USE_OTEL_LITELLM_REQUEST_SPAN"] = "true"
from common import SESSION, STUB, TOOLS, USER, conversation, get_weather, provider

made = provider()
import litellm
from litellm.integrations.opentelemetry import OpenTelemetry, OpenTelemetryConfig

litellm.callbacks = [OpenTelemetry(OpenTelemetryConfig(exporter="otlp_http", endpoint=STUB), tracer_provider=made)]


def ask(messages):
    return litellm.completion(
        model="openai/gpt-4o-mini",
        messages=messages,
        tools=TOOLS,
        api_base=f"{STUB}/v1",
        api_key="unused",
        user=USER,
        metadata={"session_id": SESSION, "tags": ["tag-1"]},
    )


with made.get_tracer("app").start_as_current_span("run"):
    conversation(ask, get_weather)
time.sleep(2)  # its spans are ended in a thread of its own
made.shutdown()
