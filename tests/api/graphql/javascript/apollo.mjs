// Every operation document through Apollo Client, with its normalised cache as it comes.
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { isInterfaceType } from "graphql";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { compare, firstEvent, recording, url } from "./answers.mjs";
import { schema } from "./documents.mjs";

const interfaces = Object.values(schema.getTypeMap()).filter(isInterfaceType);
const possibleTypes = Object.fromEntries(
  interfaces.map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]),
);
const cache = new InMemoryCache({ possibleTypes });
const client = new ApolloClient({ cache, link: new HttpLink({ uri: url, fetch: recording }) });
const socket = createClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket });
const live = new ApolloClient({ cache, link: new GraphQLWsLink(socket) });

await compare("Apollo Client", async (text, variables) => {
  const document = gql(text);
  switch (document.definitions[0].operation) {
    case "query":
      await client.query({ query: document, variables, fetchPolicy: "network-only" });
      return { data: client.readQuery({ query: document, variables }) };
    case "mutation":
      return client.mutate({ mutation: document, variables });
    default:
      return firstEvent((next, fail) => {
        const events = live.subscribe({ query: document, variables, fetchPolicy: "no-cache" });
        const subscription = events.subscribe({ next: ({ data, error }) => (error ? fail(error) : next(data)), error: fail });
        return () => subscription.unsubscribe();
      });
  }
});
