import { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";

const RENEW_MS = 15_000;

/**
 * Awareness that leaves the removal of others to the server, which knows who is connected. By
 * itself it would drop people whose hidden page renews only once a minute.
 */
export function makeAwareness(doc: Y.Doc): Awareness {
  const awareness = new Awareness(doc);
  clearInterval(awareness._checkInterval);
  awareness._checkInterval = setInterval(() => {
    const state = awareness.getLocalState();
    if (state !== null) awareness.setLocalState(state);
  }, RENEW_MS);
  return awareness;
}

/**
 * Forgets how new the others' states were: a server that tells them again with the same clock,
 * after a lost connection, would not be heard.
 */
export function forgetOthers(awareness: Awareness): void {
  for (const clientId of [...awareness.meta.keys()]) {
    if (clientId !== awareness.clientID) awareness.meta.delete(clientId);
  }
}
