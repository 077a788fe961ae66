import { lazy, Suspense, useCallback, useState } from "react";
import { readSession } from "../collab/session";

const Join = lazy(() => import("../start/Join").then(({ Join: page }) => ({ default: page })));
const RoomPage = lazy(() => import("../room/RoomPage"));

/** The room for those who joined, the join screen for the others. */
export default function RoomGate({ code, go }: { code: string; go: (path: string) => void }) {
  const [session, setSession] = useState(() => readSession(code));
  const look = useCallback(() => setSession(readSession(code)), [code]);
  return (
    <Suspense>
      {session ? (
        <RoomPage code={code} session={session} onSignedOut={look} />
      ) : (
        <Join code={code} go={go} onJoined={look} />
      )}
    </Suspense>
  );
}
