import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const samplesFolder = fileURLToPath(new URL("public/samples", import.meta.url));

/** Lists the clips of public/samples in samples/index.json, so that the page never asks for a file that is not there. */
function sampleIndex(): Plugin {
  const list = (): string => {
    let names: string[] = [];
    try {
      names = readdirSync(samplesFolder).filter((name) => /\.(webm|mp4)$/.test(name));
    } catch {
      // No clips were rendered: the page goes without the section.
    }
    return JSON.stringify(names.sort());
  };
  return {
    name: "sample-index",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "samples/index.json", source: list() });
    },
    configureServer(server) {
      server.middlewares.use("/samples/index.json", (_request, response) => {
        response.setHeader("content-type", "application/json");
        response.end(list());
      });
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
  plugins: [react(), sampleIndex(), fontPreload()],
  build: {
    target: "es2022",
    // A strict Content-Security-Policy admits no data: fonts or scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
