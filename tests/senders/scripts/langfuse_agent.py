"""pip install langfuse openai"""

from common import AGENT, PROMPT, SESSION, STUB, TAG, USER, asking, conversation
from langfuse import Langfuse, observe, propagate_attributes

langfuse = Langfuse(public_key="pk", secret_key="sk", base_url=STUB, flush_at=100)
from langfuse.openai import OpenAI


@observe(as_type="tool")
def get_weather(city: str) -> str:
    return f"21 in {city}"


@observe(as_type="agent", name=AGENT)
def run(prompt: str) -> str:
    with propagate_attributes(session_id=SESSION, user_id=USER, tags=[TAG]):
        return conversation(asking(OpenAI(base_url=f"{STUB}/v1", api_key="unused")), get_weather)


run(PROMPT)
with langfuse.start_as_current_observation(name="priced", as_type="generation", model="gpt-4o-mini") as generation:
    generation.update(
        input=PROMPT,
        output="sunny",
        usage_details={"input": 30, "output": 10, "input_cached_tokens": 20},
        cost_details={"input": 0.01, "output": 0.02, "total": 0.03},
    )
langfuse.shutdown()
