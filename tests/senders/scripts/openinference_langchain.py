"""pip install openinference-instrumentation-langchain langchain-core langchain-openai opentelemetry-exporter-otlp-proto-http"""

from common import AGENT, PROMPT, SESSION, STUB, provider
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openinference.instrumentation.langchain import LangChainInstrumentor

made = provider()
LangChainInstrumentor().instrument(tracer_provider=made)


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"21 in {city}"


model = ChatOpenAI(model="gpt-4o-mini", base_url=f"{STUB}/v1", api_key="unused", use_responses_api=False)
asked = model.bind_tools([get_weather])


def run(inputs):
    messages = list(inputs["messages"])
    messages.append(asked.invoke(messages))
    messages += [get_weather.invoke(call) for call in messages[-1].tool_calls]
    return {"messages": [*messages, asked.invoke(messages)]}


agent = RunnableLambda(run, name=AGENT)
# As create_agent of langchain has it for the agents that it makes.
agent.invoke({"messages": [HumanMessage(PROMPT)]}, {"metadata": {"lc_agent_name": AGENT, "session_id": SESSION}})
made.shutdown()
