"""pip install openinference-instrumentation-openai openai opentelemetry-exporter-otlp-proto-http"""

from common import AGENT, PROMPT, SESSION, TAG, USER, asking, conversation, get_weather, openai, provider
from openinference.instrumentation import OITracer, TraceConfig, using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry import trace

made = provider()
OpenAIInstrumentor().instrument(tracer_provider=made)
tracer = OITracer(trace.get_tracer("openinference"), TraceConfig())


def use(city):
    with tracer.start_as_current_span("get_weather", openinference_span_kind="tool") as span:
        span.set_tool(name="get_weather", parameters={"city": city})
        span.set_input({"city": city})
        answer = get_weather(city)
        span.set_output(answer)
        return answer


with (
    using_attributes(session_id=SESSION, user_id=USER, tags=[TAG]),
    tracer.start_as_current_span("run", openinference_span_kind="agent", attributes={"agent.name": AGENT}) as span,
):
    span.set_input(PROMPT)
    span.set_output(conversation(asking(openai()), use))
made.shutdown()
