import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", "src/api/schema.ts"] },
  ...tseslint.configs.strict,
  reactHooks.configs.flat.recommended,
  { rules: { eqeqeq: "error", "no-console": "error", "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }] } },
);
