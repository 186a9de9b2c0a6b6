// npm install ai@7 @ai-sdk/otel @ai-sdk/openai zod @opentelemetry/sdk-trace-node @opentelemetry/exporter-trace-otlp-http
import { createOpenAI } from '@ai-sdk/openai';
import { OpenTelemetry } from '@ai-sdk/otel';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import * as AI from 'ai';
import { z } from 'zod';

const exporter = new OTLPTraceExporter({ url: `${process.env.STUB}/v1/traces` });
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
AI.registerTelemetry(new OpenTelemetry());
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
  stopWhen: AI.isStepCount(3),
  experimental_telemetry: { isEnabled: true, functionId: 'weather_agent' },
});
await provider.forceFlush();
await provider.shutdown();
