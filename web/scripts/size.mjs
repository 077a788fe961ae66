// The compressed size of the first load of a room, against its budget.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";

const BUDGET_KIB = 350;
const ROOM = ["index.html", "src/app/RoomGate.tsx", "src/room/RoomPage.tsx"];
/** Not preloaded, yet fetched by almost every room soon after. */
const SOON = ["jetbrains-mono-600-ascii"];

const dist = new URL("../dist", import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8"));

const files = new Set(["index.html"]);
function visit(key) {
  const chunk = manifest[key];
  if (!chunk || files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const inner of chunk.imports ?? []) visit(inner);
}
for (const key of ROOM) visit(key);
const html = readFileSync(join(dist, "index.html"), "utf8");
for (const [, font] of html.matchAll(/href="\/(assets\/[^"]+\.woff2)"/g)) files.add(font);
for (const key of Object.keys(manifest)) {
  if (SOON.some((name) => key.includes(name))) files.add(manifest[key].file);
}

function compressed(file) {
  const path = join(dist, file);
  if (file.endsWith(".woff2")) return statSync(path).size;
  if (existsSync(`${path}.br`)) return statSync(`${path}.br`).size;
  return brotliCompressSync(readFileSync(path)).length;
}

let total = 0;
for (const file of [...files].sort()) {
  const size = compressed(file);
  total += size;
  console.log(`${(size / 1024).toFixed(1).padStart(8)} KiB  ${file}`);
}
console.log(
  `${(total / 1024).toFixed(1).padStart(8)} KiB  first load of a room, budget ${BUDGET_KIB} KiB`,
);
if (total > BUDGET_KIB * 1024) {
  console.error("The first load of a room is over its budget.");
  process.exit(1);
}
