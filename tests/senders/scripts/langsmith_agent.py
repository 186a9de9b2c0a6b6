"""pip install langsmith[otel] openai"""

import os

from common import AGENT, PROMPT, SESSION, STUB, TAG, USER, asking, conversation, openai, provider

os.environ |= {
    "LANGSMITH_TRACING": "true",
    "LANGSMITH_OTEL_ENABLED": "true",
    "LANGSMITH_OTEL_ONLY": "true",
    "LANGSMITH_API_KEY": "unused",
    "LANGSMITH_ENDPOINT": STUB,
}
made = provider()
from langsmith import Client, traceable
from langsmith.wrappers import wrap_openai

client = Client()


@traceable(run_type="tool", client=client)
def get_weather(city: str) -> str:
    return f"21 in {city}"


@traceable(run_type="chain", name=AGENT, client=client, metadata={"session_id": SESSION, "user_id": USER}, tags=[TAG])
def run(prompt: str) -> str:
    wrapped = wrap_openai(openai(), tracing_extra={"client": client})
    return conversation(asking(wrapped), get_weather)


run(PROMPT)
client.flush()
made.shutdown()
