// Hocuspocus as its manual starts it: `node hocuspocus.mjs PORT [DATABASE [REDIS_PORT]]`.
import { Server } from "@hocuspocus/server";

const [port, database, redisPort] = process.argv.slice(2);
const extensions = [];
if (redisPort) {
  const { Redis } = await import("@hocuspocus/extension-redis");
  extensions.push(new Redis({ host: "127.0.0.1", port: Number(redisPort) }));
}
if (database) {
  const { SQLite } = await import("@hocuspocus/extension-sqlite");
  extensions.push(new SQLite({ database }));
}
const server = new Server({ address: "127.0.0.1", port: Number(port), quiet: true, extensions });
await server.listen();
