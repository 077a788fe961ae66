import { fileURLToPath } from "node:url";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env.SANGAM_DEV_SERVER ?? "http://127.0.0.1:8000";

const page = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  plugins: [react(), tailwind()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    // The server's content security policy forbids data: in scripts and fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    // The viewer of the API's reference is large, and loaded by its own page alone.
    chunkSizeWarningLimit: 1600,
    rollupOptions: { input: [page("./index.html"), page("./reference.html")] },
  },
  server: {
    proxy: {
      "/api": { target: server, changeOrigin: true },
      "/collab": { target: server, ws: true, changeOrigin: true },
      "/ws": { target: server, ws: true, changeOrigin: true },
    },
  },
});
