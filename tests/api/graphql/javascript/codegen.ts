// Types of the schema, and typed documents of every operation; tsc checks what comes of it (tsconfig.json).
import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../../../graphql/schema.graphql",
  documents: "../../../../graphql/operations/*.graphql",
  generates: {
    "../../../../build/javascript/generated.ts": {
      plugins: ["typescript", "typescript-operations", "typed-document-node"],
      config: {
        strictScalars: true,
        scalars: { Date: "string", DateTime: "string", JSON: "unknown", Long: "number" },
        useTypeImports: true,
        dedupeFragments: true,
      },
    },
  },
};

export default config;
