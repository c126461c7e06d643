import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { type Plugin, runnerImport } from "vite";
import { defineConfig } from "vitest/config";

const samplesFolder = fileURLToPath(new URL("public/samples", import.meta.url));

/** The clips of public/samples that have a picture, built into the page: it neither asks for the list nor for a clip that is not there. */
function samples(): string[] {
  if (!existsSync(samplesFolder)) return [];
  return readdirSync(samplesFolder)
    .filter((name) => name.endsWith(".webm") && existsSync(`${samplesFolder}/${name.replace(/webm$/, "jpg")}`))
    .sort();
}

/** Fills `<!--Name-->` and `%name%` of the HTML with what src/still.tsx draws by that name. */
function stills(): Plugin {
  return {
    name: "stills",
    async transformIndexHtml(html) {
      const { module } = await runnerImport<typeof import("./src/still")>("/src/still.tsx");
      return Object.entries(module.drawn).reduce((text, [name, value]) => text.replace(`<!--${name}-->`, () => value).replace(`%${name}%`, () => value), html);
    },
  };
}

/** Asks for the fonts with the page itself: they are "optional", so a late one would not be shown at all. */
function fontPreload(): Plugin {
  return {
    name: "font-preload",
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle }) {
        return Object.keys(bundle ?? {})
          .filter((name) => name.endsWith(".woff2"))
          .map((name) => ({
            tag: "link",
            attrs: { rel: "preload", href: `/${name}`, as: "font", type: "font/woff2", crossorigin: true },
            injectTo: "head",
          }));
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), stills(), fontPreload()],
  define: { __SAMPLES__: JSON.stringify(samples()) },
  build: {
    target: "es2022",
    // A strict Content-Security-Policy admits no data: fonts or scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: ["index.html", "404.html"] },
  },
  // A test that hangs fails in the end; none fails because the machine is busy.
  test: { include: ["src/**/*.test.ts"], environment: "node", testTimeout: 60_000 },
});
