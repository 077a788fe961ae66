import type { Problem, Submission } from "./judging";
import { type RequestOptions, send, sendJson } from "./request";
import type {
  ArchiveReport,
  ChatEntry,
  Config,
  Entry,
  EntryQuery,
  Joined,
  LinkInfo,
  RoomSnapshot,
  RunOrder,
} from "./types";

export interface NewRoom {
  name: string;
  language?: string;
  displayName: string;
}

const part = encodeURIComponent;

export function getConfig(signal?: AbortSignal): Promise<Config> {
  return sendJson("/api/config", { signal });
}

export function createRoom(room: NewRoom, signal?: AbortSignal): Promise<Joined> {
  return sendJson("/api/rooms", { method: "POST", body: { kind: "pair", ...room }, signal });
}

/** Throws `link_not_found` for a code nobody gave out. */
export function getLink(code: string, signal?: AbortSignal): Promise<LinkInfo> {
  return sendJson(`/api/links/${part(code)}`, { signal });
}

export function joinRoom(code: string, displayName: string, signal?: AbortSignal): Promise<Joined> {
  const body = { displayName };
  return sendJson(`/api/links/${part(code)}/members`, { method: "POST", body, signal });
}

function entriesPath(room: string, query: EntryQuery): string {
  const search = new URLSearchParams();
  for (const channel of query.channels) search.append("channel", channel);
  for (const name of ["after", "before", "limit"] as const) {
    const value = query[name];
    if (value !== undefined) search.set(name, String(value));
  }
  return `/api/rooms/${part(room)}/entries?${search}`;
}

/** Every call a member can make in one room. Methods throw ApiError. */
export interface RoomApi {
  snapshot(signal?: AbortSignal): Promise<RoomSnapshot>;
  entries(query: EntryQuery, signal?: AbortSignal): Promise<Entry[]>;
  chat(text: string, signal?: AbortSignal): Promise<ChatEntry>;
  /** Answers the id of the run. */
  run(order: RunOrder, signal?: AbortSignal): Promise<string>;
  input(run: string, text: string, signal?: AbortSignal): Promise<void>;
  endInput(run: string, signal?: AbortSignal): Promise<void>;
  stop(run: string, signal?: AbortSignal): Promise<void>;
  /** Where the terminal of a run can be held. */
  terminalUrl(run: string): string;
  /** Titles by id. */
  problems(signal?: AbortSignal): Promise<Record<string, string>>;
  problem(id: string, signal?: AbortSignal): Promise<Problem>;
  /** Hosts only. */
  putProblem(problem: Problem): Promise<void>;
  removeProblem(id: string): Promise<void>;
  /** Answers the id of the submission. */
  submit(fileId: string, problem: string): Promise<string>;
  submission(id: string, signal?: AbortSignal): Promise<Submission>;
  cancel(submission: string): Promise<void>;
  downloadArchive(signal?: AbortSignal): Promise<Blob>;
  importArchive(zip: Blob, signal?: AbortSignal): Promise<ArchiveReport>;
}

/** Without a token the calls are a guest's, in open rooms. */
export function createRoomApi(room: string, token: string | null): RoomApi {
  const base = `/api/rooms/${part(room)}`;
  const options = (rest: RequestOptions): RequestOptions => ({
    ...rest,
    token: token ?? undefined,
  });
  const post = (path: string, body: unknown, signal?: AbortSignal): Promise<Response> =>
    send(base + path, options({ method: "POST", body, signal }));
  const sendInput = async (run: string, body: unknown, signal?: AbortSignal) => {
    await post(`/runs/${part(run)}/input`, body, signal);
  };
  return {
    snapshot: (signal) => sendJson(base, options({ signal })),
    async entries(query, signal) {
      const path = entriesPath(room, query);
      return (await sendJson<{ entries: Entry[] }>(path, options({ signal }))).entries;
    },
    async chat(text, signal) {
      const response = await post("/chat", { text }, signal);
      return ((await response.json()) as { entry: ChatEntry }).entry;
    },
    async run(order, signal) {
      const response = await post("/runs", order, signal);
      return ((await response.json()) as { run: { id: string } }).run.id;
    },
    input: (run, text, signal) => sendInput(run, { text }, signal),
    endInput: (run, signal) => sendInput(run, { eof: true }, signal),
    async stop(run, signal) {
      await post(`/runs/${part(run)}/stop`, {}, signal);
    },
    terminalUrl(run) {
      const { protocol, host } = location;
      const search = token ? `?${new URLSearchParams({ token })}` : "";
      const scheme = protocol === "https:" ? "wss" : "ws";
      return `${scheme}://${host}${base}/runs/${part(run)}/terminal${search}`;
    },
    ...judgingCalls(base, options),
    async downloadArchive(signal) {
      return (await send(`${base}/archive.zip`, options({ signal }))).blob();
    },
    async importArchive(zip, signal) {
      const body = new Blob([zip], { type: "application/zip" });
      return (await post("/archive", body, signal)).json() as Promise<ArchiveReport>;
    },
  };
}

interface ProblemsPage {
  problems: string[];
  titles: Record<string, string>;
  nextCursor?: string | null;
}

type JudgingCalls = Pick<
  RoomApi,
  "problems" | "problem" | "putProblem" | "removeProblem" | "submit" | "submission" | "cancel"
>;

function judgingCalls(
  base: string,
  options: (rest: RequestOptions) => RequestOptions,
): JudgingCalls {
  const at = (problem: string) => `${base}/problems/${part(problem)}`;
  const handed = (submission: string) => `${base}/submissions/${part(submission)}`;
  return {
    async problems(signal) {
      const found: Record<string, string> = {};
      let cursor: string | null | undefined = "";
      while (typeof cursor === "string") {
        const search: string = cursor && `?${new URLSearchParams({ cursor })}`;
        const page: ProblemsPage = await sendJson(`${base}/problems${search}`, options({ signal }));
        for (const id of page.problems) found[id] = page.titles[id] || id;
        cursor = page.nextCursor;
      }
      return found;
    },
    async problem(id, signal) {
      return (await sendJson<{ problem: Problem }>(at(id), options({ signal }))).problem;
    },
    async putProblem(problem) {
      await send(at(problem.id), options({ method: "PUT", body: problem }));
    },
    async removeProblem(id) {
      await send(at(id), options({ method: "DELETE" }));
    },
    async submit(fileId, problem) {
      const body = { fileId, problem };
      const path = `${base}/submissions`;
      type Answer = { submission: { id: string } };
      return (await sendJson<Answer>(path, options({ method: "POST", body }))).submission.id;
    },
    async submission(id, signal) {
      type Answer = { submission: Submission };
      return (await sendJson<Answer>(handed(id), options({ signal }))).submission;
    },
    async cancel(submission) {
      await send(`${handed(submission)}/cancel`, options({ method: "POST", body: {} }));
    },
  };
}
