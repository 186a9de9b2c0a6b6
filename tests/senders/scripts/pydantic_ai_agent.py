"""pip install pydantic-ai-slim[openai] opentelemetry-exporter-otlp-proto-http"""

from common import AGENT, PROMPT, STUB, get_weather, provider
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

made = provider()
Agent.instrument_all()
model = OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(base_url=f"{STUB}/v1", api_key="unused"))
agent = Agent(model, name=AGENT, tools=[get_weather])
agent.run_sync(PROMPT)
made.shutdown()
