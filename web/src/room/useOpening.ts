import { useCallback, useEffect, useState } from "react";
import { ApiError, createRoomApi, type Room } from "../api";
import { forgetSession, rememberRoom, type Session } from "../collab";
import { OpenRoom, type RoomFacts } from "../collab/room";

export type Opening =
  | { kind: "opening" }
  | { kind: "open"; room: OpenRoom }
  | { kind: "failed"; error: unknown };

const KEY = "sangam.facts.";

/** What was known about the room last time: enough to work in it while the server is away. */
function rememberedFacts(code: string): RoomFacts | null {
  try {
    return JSON.parse(localStorage.getItem(KEY + code) ?? "null") as RoomFacts | null;
  } catch {
    return null;
  }
}

function remember(code: string, facts: RoomFacts): void {
  try {
    localStorage.setItem(KEY + code, JSON.stringify(facts));
  } catch {
    return;
  }
  const { name, kind }: Room = facts.room;
  rememberRoom({ code, name, kind, at: Date.now() });
}

/** Opens the room of a session; `onSignedOut` when the server does not know it any more. */
export function useOpening(code: string, session: Session, onSignedOut: () => void) {
  const [opening, setOpening] = useState<Opening>({ kind: "opening" });
  const [round, setRound] = useState(0);
  const again = useCallback(() => setRound((before) => before + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` asks again
  useEffect(() => {
    let room: OpenRoom | null = null;
    let gone = false;
    const show = (facts: RoomFacts) => {
      if (room) {
        room.learn(facts);
        return;
      }
      room = new OpenRoom(code, session, facts);
      setOpening({ kind: "open", room });
    };
    const known = rememberedFacts(code);
    if (known && known.room.id === session.roomId) show(known);
    else setOpening({ kind: "opening" });
    createRoomApi(session.roomId, session.token)
      .snapshot()
      .then(
        (facts) => {
          if (gone) return;
          remember(code, facts);
          show(facts);
        },
        (error: unknown) => {
          if (gone) return;
          if (error instanceof ApiError && error.status === 401) {
            forgetSession(code);
            onSignedOut();
          } else if (!room) setOpening({ kind: "failed", error });
        },
      );
    return () => {
      gone = true;
      room?.destroy();
    };
  }, [code, session, onSignedOut, round]);

  return { opening, again };
}
