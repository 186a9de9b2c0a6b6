"""pip install traceloop-sdk openai httpx"""

from common import AGENT, PROMPT, SESSION, STUB, USER, asking, conversation, openai
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import agent, tool, workflow

Traceloop.init(app_name="sender", api_endpoint=STUB, disable_batch=True, telemetry_enabled=False)


@tool(name="get_weather")
def get_weather(city: str) -> str:
    return f"21 in {city}"


@agent(name=AGENT)
def run(prompt: str) -> str:
    return conversation(asking(openai()), get_weather)


@workflow(name="weather")
def whole(prompt: str) -> str:
    Traceloop.set_association_properties({"session_id": SESSION, "user_id": USER})
    return run(prompt)


whole(PROMPT)
