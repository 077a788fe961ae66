import { useCallback, useEffect, useState } from "react";
import { type Config, getConfig, isAbort } from "../api";

export type ServerState =
  | { kind: "asking" }
  | { kind: "here"; config: Config; milliseconds: number }
  | { kind: "away" };

const AGAIN_MS = 5000;

/** What this server offers, and how long it took to say so. Asks again while it is away. */
export function useConfig(): { server: ServerState; askAgain: () => void } {
  const [server, setServer] = useState<ServerState>({ kind: "asking" });
  const [round, setRound] = useState(0);
  const askAgain = useCallback(() => setRound((value) => value + 1), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round asks again
  useEffect(() => {
    const abort = new AbortController();
    const began = performance.now();
    getConfig(abort.signal).then(
      (config) => setServer({ kind: "here", config, milliseconds: performance.now() - began }),
      (error: unknown) => {
        if (!isAbort(error)) setServer({ kind: "away" });
      },
    );
    return () => abort.abort();
  }, [round]);
  useEffect(() => {
    if (server.kind !== "away") return;
    const timer = setTimeout(askAgain, AGAIN_MS);
    return () => clearTimeout(timer);
  }, [server, askAgain]);
  return { server, askAgain };
}
