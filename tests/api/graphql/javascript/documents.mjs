// The operation documents of the project, and the schema that it exports.
import { readFileSync, readdirSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Kind, TypeInfo, buildSchema, isObjectType, parse, visit, visitWithTypeInfo } from "graphql";

export const root = fileURLToPath(new URL("../../../../", import.meta.url));
export const out = `${root}build/javascript`;
const folder = `${root}graphql/operations`;

mkdirSync(out, { recursive: true });

export const schema = buildSchema(readFileSync(`${root}graphql/schema.graphql`, "utf8"));

export const documents = readdirSync(folder)
  .filter((file) => file.endsWith(".graphql"))
  .map((file) => ({ name: file.slice(0, -".graphql".length), text: readFileSync(`${folder}/${file}`, "utf8") }));

export const isNode = (type) => isObjectType(type) && type.getInterfaces().some(({ name }) => name === "Node");

// A document as users of a normalised cache have it: with the `id` of every node.
export function withIds(text) {
  const types = new TypeInfo(schema);
  const id = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: "id" } };
  const SelectionSet = (node) =>
    isNode(types.getParentType()) ? { ...node, selections: [...node.selections, id] } : undefined;
  return visit(parse(text), visitWithTypeInfo(types, { SelectionSet: { leave: SelectionSet } }));
}
