// Starts GraphiQL on the endpoint that served this page, with subscriptions over graphql-transport-ws.
const endpoint = new URL(window.location.pathname, window.location.href);
const socket = new URL(endpoint);
socket.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";

const given = new URLSearchParams(window.location.search);
const fetcher = GraphiQL.createFetcher({ url: endpoint.href, subscriptionUrl: socket.href });
const page = React.createElement(GraphiQL, {
  fetcher,
  defaultEditorToolsVisibility: true,
  defaultQuery: "{\n  patterns(first: 10) {\n    edges {\n      node {\n        patternId\n        name\n      }\n    }\n  }\n}\n",
  query: given.get("q") || undefined,
});
ReactDOM.createRoot(document.getElementById("graphiql")).render(page);
