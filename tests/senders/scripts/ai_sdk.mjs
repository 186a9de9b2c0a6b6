// npm install ai@6 @ai-sdk/openai@3 zod @opentelemetry/sdk-trace-node @opentelemetry/exporter-trace-otlp-http
import { createOpenAI } from '@ai-sdk/openai';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import * as AI from 'ai';
import { z } from 'zod';

const exporter = new OTLPTraceExporter({ url: `${process.env.STUB}/v1/traces` });
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
const openai = createOpenAI({ baseURL: `${process.env.STUB}/v1`, apiKey: 'unused' });
await AI.generateText({
  model: openai.chat('gpt-4o-mini'),
  prompt: 'weather in Paris?',
  tools: {
    get_weather: AI.tool({
      description: 'The weather of a city.',
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => `21 in ${city}`,
    }),
  },
  stopWhen: AI.stepCountIs(3),
  experimental_telemetry: {
    isEnabled: true,
    functionId: 'weather_agent',
    metadata: { sessionId: 'session-1', userId: 'user-1', tags: ['tag-1'] },
  },
});
await provider.forceFlush();
await provider.shutdown();
