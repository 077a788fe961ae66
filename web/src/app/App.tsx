import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { readSession } from "../collab/session";
import { UiProvider } from "../ui";
import { Catch } from "./Catch";

const StartPage = lazy(() => import("../start/StartPage"));
const RoomGate = lazy(() => import("./RoomGate"));

const first = codeOf(location.pathname);
// Side by side rather than one after the other.
if (first !== null && readSession(first)) void import("../room/RoomPage").catch(() => undefined);

function usePath(): [string, (path: string) => void] {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const onPop = () => setPath(location.pathname);
    addEventListener("popstate", onPop);
    return () => removeEventListener("popstate", onPop);
  }, []);
  const go = useCallback((to: string) => {
    history.pushState(null, "", to);
    setPath(location.pathname);
  }, []);
  return [path, go];
}

function codeOf(path: string): string | null {
  const [, code] = /^\/r\/([^/]+)\/?$/.exec(path) ?? [];
  return code ? decodeURIComponent(code) : null;
}

/** Two pages: the start page and a room. */
export function App() {
  const [path, go] = usePath();
  const code = codeOf(path);
  return (
    <UiProvider>
      <Catch>
        <Suspense>
          {code === null ? <StartPage go={go} /> : <RoomGate key={code} code={code} go={go} />}
        </Suspense>
      </Catch>
    </UiProvider>
  );
}
