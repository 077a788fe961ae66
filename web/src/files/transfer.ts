import { getConfig, type RoomApi } from "../api";
import { explain, list, megabytes, t } from "../i18n";
import { toast } from "../ui";
import type { FileList } from "./list";
import { join, nameOf, pathProblem, unixLines } from "./paths";

const FALLBACK_LIMIT = 5 * 1024 * 1024;

interface Incoming {
  path: string;
  file: File;
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function downloadFile(files: FileList, id: string): void {
  const entry = files.get(id);
  if (entry) save(new Blob([files.text(id)?.toString() ?? ""]), nameOf(entry.path));
}

export async function downloadAll(api: RoomApi, roomName: string): Promise<void> {
  try {
    save(
      await api.downloadArchive(),
      `${roomName.replace(/[\\/:*?"<>|]+/g, " ").trim() || "room"}.zip`,
    );
  } catch (error) {
    toast({ text: t("files.notDownloaded", { reason: explain(error) }), tone: "error" });
  }
}

export async function importZip(api: RoomApi, zip: Blob): Promise<void> {
  try {
    const { created, skipped } = await api.importArchive(zip);
    const names = skipped.map((one) => one.path);
    const counts = { count: created.length, skipped: names.length, names: list(names.slice(0, 3)) };
    toast({ text: t(names.length > 0 ? "files.importedSkipped" : "files.imported", counts) });
  } catch (error) {
    toast({ text: t("files.notImported", { reason: explain(error) }), tone: "error" });
  }
}

/** Null when the bytes are no text. */
async function textOf(file: File): Promise<string | null> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    return text.includes("\u0000") ? null : unixLines(text);
  } catch {
    return null;
  }
}

async function largest(): Promise<number> {
  try {
    return (await getConfig()).limits.maxFileBytes;
  } catch {
    return FALLBACK_LIMIT;
  }
}

/** Adds files; answers the ids. Zips are unpacked by the server; what is no text is left out. */
async function addAll(
  api: RoomApi,
  files: FileList,
  incoming: readonly Incoming[],
): Promise<string[]> {
  const limit = await largest();
  const [ids, big, odd]: [string[], string[], string[]] = [[], [], []];
  for (const { path, file } of incoming) {
    if (/\.zip$/i.test(file.name)) await importZip(api, file);
    else if (file.size > limit) big.push(file.name);
    else {
      const text = pathProblem(path) === null ? await textOf(file) : null;
      if (text === null) odd.push(file.name);
      else ids.push(files.create(path, text));
    }
  }
  if (big.length > 0) {
    const values = { names: list(big), limit: megabytes(limit) };
    toast({ text: t("files.tooBig", values), tone: "error" });
  }
  if (odd.length > 0) toast({ text: t("files.notText", { names: list(odd) }), tone: "error" });
  return ids;
}

export function addFiles(
  api: RoomApi,
  files: FileList,
  folder: string,
  chosen: Iterable<File>,
): Promise<string[]> {
  const incoming = [...chosen].map((file) => ({ path: join(folder, file.name), file }));
  return addAll(api, files, incoming);
}

function pending<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}

async function entriesOf(entry: FileSystemEntry): Promise<Incoming[]> {
  if (entry.isFile) {
    const { promise, resolve, reject } = pending<File>();
    (entry as FileSystemFileEntry).file(resolve, reject);
    return [{ path: entry.fullPath.replace(/^\//, ""), file: await promise }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Incoming[] = [];
  for (;;) {
    const { promise, resolve, reject } = pending<FileSystemEntry[]>();
    reader.readEntries(resolve, reject);
    const page = await promise;
    if (page.length === 0) return found;
    for (const inner of page) found.push(...(await entriesOf(inner)));
  }
}

/** Files and folders that were dropped from outside. */
export async function addDropped(
  api: RoomApi,
  files: FileList,
  folder: string,
  data: DataTransfer,
): Promise<string[]> {
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const found = (await Promise.all(entries.map(entriesOf))).flat();
  const incoming = found.map(({ path, file }) => ({ path: join(folder, path), file }));
  return addAll(api, files, incoming);
}
