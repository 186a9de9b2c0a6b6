// Runs relay-compiler over the schema and every operation document. It wants each operation in a module of the same name, with the
// name of the module before the names of its fragments: so each document becomes such a module first.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import relay from "relay-compiler";
import { parse, print, visit } from "graphql";
import { documents, out, root } from "./documents.mjs";

const folder = `${out}/relay`;
rmSync(folder, { recursive: true, force: true });
mkdirSync(`${folder}/src`, { recursive: true });
copyFileSync(`${root}graphql/schema.graphql`, `${folder}/schema.graphql`);

for (const { text } of documents) {
  const document = parse(text);
  const module = document.definitions.find((one) => one.kind === "OperationDefinition").name.value;
  const named = (node, name) => ({ ...node, name: { ...node.name, value: name } });
  const renamed = visit(document, {
    OperationDefinition: (node) => named(node, module + node.operation[0].toUpperCase() + node.operation.slice(1)),
    FragmentDefinition: (node) => named(node, `${module}_${node.name.value}`),
    FragmentSpread: (node) => named(node, `${module}_${node.name.value}`),
  });
  const tags = renamed.definitions.map((one) => `graphql\`\n${print(one)}\n\`;`);
  writeFileSync(`${folder}/src/${module}.js`, `import { graphql } from "relay-runtime";\n${tags.join("\n")}\n`);
}
const config = {
  src: "src",
  schema: "schema.graphql",
  language: "typescript",
  eagerEsModules: true,
  customScalarTypes: { Date: "string", DateTime: "string", JSON: "unknown", Long: "number" },
};
writeFileSync(`${folder}/relay.config.json`, JSON.stringify(config));
execFileSync(relay, ["relay.config.json"], { cwd: folder, stdio: "inherit" });
