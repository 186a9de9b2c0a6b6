"""pip install openai-agents openinference-instrumentation-openai-agents opentelemetry-exporter-otlp-proto-http"""

from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool
from common import AGENT, PROMPT, STUB, provider
from openai import AsyncOpenAI
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor

made = provider()
OpenAIAgentsInstrumentor().instrument(tracer_provider=made)


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"21 in {city}"


client = AsyncOpenAI(base_url=f"{STUB}/v1", api_key="unused")
agent = Agent(name=AGENT, model=OpenAIChatCompletionsModel("gpt-4o-mini", client), tools=[get_weather])
Runner.run_sync(agent, PROMPT)
made.shutdown()
