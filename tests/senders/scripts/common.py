"""What the senders in Python share. It imports nothing but the standard library, OpenTelemetry and what a sender has installed.

``STUB`` is the address of the stand-in for the model and for the OTLP endpoint.
"""

import os

STUB = os.environ["STUB"]
PROMPT = "weather in Paris?"
AGENT = "weather_agent"
SESSION, USER, TAG = "session-1", "user-1", "tag-1"
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"21 in {city}"


def provider():
    """OpenTelemetry's own provider of tracers, exporting by OTLP."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    made = TracerProvider(resource=Resource({"service.name": "sender"}))
    made.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{STUB}/v1/traces")))
    trace.set_tracer_provider(made)
    return made


def conversation(ask, use):
    """Asks the model, uses the tool that it calls, and asks again: ``ask`` takes messages, ``use`` a city."""
    messages = [{"role": "user", "content": PROMPT}]
    first = ask(messages).choices[0].message
    call = first.tool_calls[0]
    messages += [
        {"role": "assistant", "tool_calls": [call.model_dump()]},
        {"role": "tool", "tool_call_id": call.id, "content": use("Paris")},
    ]
    return ask(messages).choices[0].message.content


def asking(client):
    """How an OpenAI client is asked."""
    return lambda messages: client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=TOOLS)


def openai():
    """A client of the stand-in."""
    from openai import OpenAI

    return OpenAI(base_url=f"{STUB}/v1", api_key="unused")
