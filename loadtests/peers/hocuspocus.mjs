// Hocuspocus as its manual starts it: `node hocuspocus.mjs PORT [DATABASE]`.
import { Server } from "@hocuspocus/server";

const [port, database] = process.argv.slice(2);
const extensions = [];
if (database) {
  const { SQLite } = await import("@hocuspocus/extension-sqlite");
  extensions.push(new SQLite({ database }));
}
const server = new Server({ address: "127.0.0.1", port: Number(port), quiet: true, extensions });
await server.listen();
