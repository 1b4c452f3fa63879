import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { precompress } from "./precompress.ts";

const server = process.env.MASTHEAD_DEV_SERVER ?? "http://127.0.0.1:8765";

export default defineConfig({
  // Relative addresses: the server puts a <base> into the page, so that one build works under any path prefix.
  base: "./",
  plugins: [react(), precompress()],
  resolve: { alias: { "@": resolve(import.meta.dirname, "src") } },
  build: {
    outDir: resolve(import.meta.dirname, "../src/masthead/web/dist"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/health", "/ready"].map((path) => [path, { target: server, changeOrigin: false }]),
    ),
  },
  test: { include: ["tests/**/*.test.{ts,tsx}"], environment: "node" },
});
