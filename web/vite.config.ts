import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

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

export default defineConfig({
  plugins: [react(), sampleIndex()],
  build: {
    target: "es2022",
    // A strict Content-Security-Policy admits no data: fonts or scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
} as Parameters<typeof defineConfig>[0]);
