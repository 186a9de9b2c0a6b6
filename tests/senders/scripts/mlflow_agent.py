"""pip install mlflow-skinny numpy pandas openai opentelemetry-exporter-otlp-proto-http"""

import os

from common import AGENT, PROMPT, SESSION, STUB, USER, asking, conversation, openai

os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = f"{STUB}/v1/traces"
os.environ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf"
os.environ["OTEL_SERVICE_NAME"] = "sender"
import mlflow
from mlflow.entities import SpanType

mlflow.openai.autolog()


@mlflow.trace(span_type=SpanType.TOOL)
def get_weather(city: str) -> str:
    return f"21 in {city}"


@mlflow.trace(span_type=SpanType.AGENT, name=AGENT)
def run(prompt: str) -> str:
    mlflow.update_current_trace(metadata={"mlflow.trace.session": SESSION, "mlflow.trace.user": USER})
    return conversation(asking(openai()), get_weather)


run(PROMPT)
mlflow.flush_trace_async_logging()
