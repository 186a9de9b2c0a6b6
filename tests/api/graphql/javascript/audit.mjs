// The audits of graphql-http, by the GraphQL-over-HTTP specification: all must be ok. Argument: the address of /graphql.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2], fetchFn: fetch });
for (const { status, id, name, reason } of results) if (status !== "ok") console.error(status, id, name, "|", reason);
console.log(`${results.filter(({ status }) => status === "ok").length} of ${results.length} audits ok`);
process.exit(results.every(({ status }) => status === "ok") ? 0 : 1);
