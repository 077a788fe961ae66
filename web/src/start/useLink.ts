import { useCallback, useEffect, useState } from "react";
import { ApiError, getLink, isAbort, type LinkInfo } from "../api";

export type LinkState =
  | { kind: "asking" }
  | { kind: "found"; link: LinkInfo }
  | { kind: "unknown" }
  | { kind: "failed"; error: unknown };

const AGAIN_MS = 5000;

function stateOf(error: unknown): LinkState {
  const unknown = error instanceof ApiError && error.status === 404;
  return unknown ? { kind: "unknown" } : { kind: "failed", error };
}

/** What a link leads to. Asks again by itself while the server is away. */
export function useLink(code: string): { state: LinkState; askAgain: () => void } {
  const [state, setState] = useState<LinkState>({ kind: "asking" });
  const [round, setRound] = useState(0);
  const askAgain = useCallback(() => setRound((value) => value + 1), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round asks again
  useEffect(() => {
    const abort = new AbortController();
    getLink(code, abort.signal).then(
      (link) => setState({ kind: "found", link }),
      (error: unknown) => {
        if (!isAbort(error)) setState(stateOf(error));
      },
    );
    return () => abort.abort();
  }, [code, round]);
  useEffect(() => {
    if (state.kind !== "failed") return;
    const timer = setTimeout(askAgain, AGAIN_MS);
    return () => clearTimeout(timer);
  }, [state, askAgain]);
  return { state, askAgain };
}
