"""pip install opentelemetry-instrumentation-openai-v2==2.4b0 opentelemetry-util-genai==1.0b0 openai==2.*
opentelemetry-exporter-otlp-proto-http"""

import os

os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "EVENT_ONLY"
from common import STUB, asking, conversation, get_weather, openai, provider
from opentelemetry import _logs
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

made, logs = provider(), LoggerProvider()
logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(f"{STUB}/v1/logs")))
_logs.set_logger_provider(logs)
OpenAIInstrumentor().instrument(tracer_provider=made, logger_provider=logs)
with made.get_tracer("app").start_as_current_span("run"):
    conversation(asking(openai()), get_weather)
made.shutdown()
logs.shutdown()
