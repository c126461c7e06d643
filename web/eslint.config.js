import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const SAID_ELSEWHERE = "Put what readers see into src/messages/en.json and zh.json, and say it with t().";

const SPOKEN = "/^(title|alt|placeholder|label|aria-label|aria-valuetext|aria-description)$/";

export default tseslint.config(
  { ignores: ["dist", "src/api/schema.ts"] },
  ...tseslint.configs.strict,
  reactHooks.configs.flat.recommended,
  {
    // Every sentence that a reader sees is in src/messages. What only a program reads has no capital or no space.
    files: ["src/**/*.{ts,tsx}"],
    ignores: ["src/**/*.test.ts", "src/testing/**"],
    rules: {
      "no-restricted-syntax": [
        "error",
        { selector: String.raw`JSXText[value=/\p{L}{2}/u]:not([value=/^\s*(Dive|score)\s*$/])`, message: SAID_ELSEWHERE },
        ...["", "> JSXExpressionContainer ", "> JSXExpressionContainer > ConditionalExpression "].map((within) => ({
          selector: String.raw`JSXAttribute[name.name=${SPOKEN}] ${within}> Literal[value=/[a-z]{2}/]`,
          message: SAID_ELSEWHERE,
        })),
        { selector: String.raw`Literal[value=/^[A-Z][a-z]+[,.:…]? \w|[a-z]{2} .*[a-z]{2}[.?…]$/]`, message: SAID_ELSEWHERE },
        { selector: String.raw`TemplateElement[value.raw=/^[A-Z][a-z]+ [a-z]|[a-z]{2} [a-z]+ [a-z]+/]`, message: SAID_ELSEWHERE },
      ],
    },
  },
  { rules: { eqeqeq: "error", "no-console": "error", "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }] } },
);
