// Every operation document through urql, with the normalised cache of graphcache, which knows the schema.
import { Client, fetchExchange, gql, subscriptionExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { introspectionFromSchema, isObjectType } from "graphql";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { compare, firstEvent, recording, url } from "./answers.mjs";
import { isNode, schema } from "./documents.mjs";

// What is no node has no key: graphcache keeps it inside of what it belongs to, and complains of a type that is not named here.
const embedded = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !isNode(type));
const keys = Object.fromEntries(embedded.map(({ name }) => [name, () => null]));
const complaints = [];
const socket = createClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket });
const client = new Client({
  url,
  fetch: recording,
  preferGetMethod: false,
  exchanges: [
    cacheExchange({ keys, schema: introspectionFromSchema(schema), logger: (_, message) => complaints.push(message) }),
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: (request) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, sink) }),
      }),
    }),
  ],
});

await compare("urql", async (text, variables) => {
  complaints.length = 0;
  const document = gql(text);
  const { operation } = document.definitions[0];
  let result;
  if (operation === "query") {
    await client.query(document, variables, { requestPolicy: "network-only" }).toPromise();
    result = await client.query(document, variables, { requestPolicy: "cache-only" }).toPromise();
  } else if (operation === "mutation") {
    result = await client.mutation(document, variables).toPromise();
  } else {
    result = await firstEvent((next, fail) => {
      const events = client.subscription(document, variables);
      return events.subscribe(({ data, error }) => (error ? fail(error) : next(data))).unsubscribe;
    });
  }
  if (result.error) throw result.error;
  if (complaints.length) throw new Error(complaints[0]);
  return result;
});
