// Stock JavaScript clients on strings: reads one JSON command a line, answers each with one JSON line.
import readline from "node:readline";
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import WebSocket from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const clients = new Map();
const sockets = new Map();

/** A `ws` socket that remembers the frames it was sent and how it was closed. */
function watched(frames, closes) {
  return class extends WebSocket {
    constructor(...args) {
      super(...args);
      this.on("message", (data) => frames.push(Buffer.from(data).toString("hex")));
      this.on("close", (code, reason) => closes.push([code, reason.toString()]));
      this.on("unexpected-response", (request, response) => {
        closes.push([response.statusCode, ""]);
        request.destroy();
      });
    }
  };
}

function add(name, make) {
  const doc = new Y.Doc();
  const told = { frames: [], closes: [], events: [], denied: [], unsynced: [], scope: null };
  const client = { doc, told, text: doc.getText("text"), ...make(doc, told) };
  clients.set(name, client);
  return { client: doc.clientID };
}

const commands = {
  y: ({ name, url, room, token }) =>
    add(name, (doc, told) => {
      const provider = new WebsocketProvider(url, room, doc, {
        params: token ? { token } : {},
        WebSocketPolyfill: watched(told.frames, told.closes),
        disableBc: true,
        maxBackoffTime: 100,
      });
      return { provider, disconnect: () => provider.disconnect(), connect: () => provider.connect() };
    }),

  socket: ({ name, url }) => {
    const told = { frames: [], closes: [] };
    const provider = new HocuspocusProviderWebsocket({
      url,
      WebSocketPolyfill: watched(told.frames, told.closes),
      delay: 50,
      minDelay: 20,
      maxDelay: 100,
    });
    sockets.set(name, { provider, told });
    return {};
  },

  hocuspocus: ({ name, socket, document, token, sessionAwareness }) =>
    add(name, (doc, told) => {
      const { provider: websocketProvider, told: wire } = sockets.get(socket);
      const provider = new HocuspocusProvider({
        websocketProvider,
        name: document,
        document: doc,
        token: token ?? "",
        sessionAwareness: sessionAwareness ?? false,
        onStateless: ({ payload }) => told.events.push(JSON.parse(payload)),
        onAuthenticationFailed: ({ reason }) => told.denied.push(reason),
        onAuthenticated: ({ scope }) => {
          told.scope = scope;
        },
        onUnsyncedChanges: ({ number }) => told.unsynced.push(number),
      });
      told.frames = wire.frames;
      told.closes = wire.closes;
      provider.attach();
      return {
        provider,
        disconnect: () => websocketProvider.disconnect(),
        connect: () => websocketProvider.connect(),
        detach: () => provider.detach(),
        attach: () => provider.attach(),
      };
    }),

  insert: ({ name, at, text }) => {
    const client = clients.get(name);
    client.text.insert(at ?? client.text.length, text);
  },
  remove: ({ name, at, count }) => clients.get(name).text.delete(at, count),
  announce: ({ name, field, value }) => clients.get(name).provider.awareness.setLocalStateField(field, value),
  /** What the awareness' own timer does after 15 s. */
  renew: ({ name }) => {
    const { awareness } = clients.get(name).provider;
    awareness.setLocalState(awareness.getLocalState());
  },
  stateless: ({ name, payload }) => clients.get(name).provider.sendStateless(JSON.stringify(payload)),
  disconnect: ({ name }) => clients.get(name).disconnect(),
  connect: ({ name }) => void clients.get(name).connect(),
  detach: ({ name }) => clients.get(name).detach(),
  forceSync: ({ name }) => clients.get(name).provider.forceSync(),
  attach: ({ name }) => clients.get(name).attach(),
  destroy: ({ name }) => clients.get(name).provider.destroy(),
  /** Lose the connection without a word. */
  cut: ({ name }) => {
    const { provider } = clients.get(name);
    (provider.ws ?? provider.configuration.websocketProvider.webSocket).terminate();
  },
  look: ({ name }) => {
    const { provider, text, told } = clients.get(name);
    const states = Object.fromEntries(provider.awareness ? provider.awareness.getStates() : []);
    const { unsyncedChanges, synced } = provider;
    return { ...told, text: text.toString(), states, synced, unsyncedChanges, awareness: awarenessFrames(told) };
  },
};

/** How many of the frames were awareness (y-websocket only: there the first byte is the type). */
function awarenessFrames({ frames }) {
  return frames.filter((frame) => frame.startsWith("01")).length;
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { command, ...args } = JSON.parse(line);
  let answer;
  try {
    answer = { ok: commands[command](args) ?? {} };
  } catch (error) {
    answer = { error: String(error.stack) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
