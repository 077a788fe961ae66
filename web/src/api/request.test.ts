import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { ApiError, isAbort, send, sendJson } from "./request";

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** Answers every request alike and gives back what it was asked. */
async function serve(status: number, body: string): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  server = createServer((request, response) => {
    asked.push(
      `${request.method} ${request.headers.authorization ?? ""} ${request.headers["content-type"] ?? ""}`,
    );
    response.writeHead(status).end(body);
  });
  await new Promise<void>((listening) => server?.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/x`, asked };
}

const problemOf = (call: Promise<unknown>) =>
  call.then(() => null).catch((error: unknown) => error);

test("a call carries its token and its body", async () => {
  const { url, asked } = await serve(200, '{"a": 1}');
  expect(await sendJson(url, { method: "POST", body: {}, token: "secret" })).toEqual({ a: 1 });
  expect(asked).toEqual(["POST Bearer secret application/json"]);
});

test("an error of the server keeps its code, words and request id", async () => {
  const error = {
    code: "run_over",
    message: "over",
    details: null,
    timestamp: "",
    requestId: "r1",
  };
  const { url } = await serve(409, JSON.stringify({ error }));
  expect(await problemOf(send(url))).toMatchObject({
    status: 409,
    code: "run_over",
    requestId: "r1",
  });
});

test("a gateway that answers for an absent server is no answer", async () => {
  const { url } = await serve(502, "<html>");
  expect(await problemOf(send(url))).toMatchObject({ status: 502, code: "network" });
});

test("no server at all", async () => {
  const problem = await problemOf(send("http://127.0.0.1:1/x"));
  expect(problem).toBeInstanceOf(ApiError);
  expect(problem).toMatchObject({ status: 0, code: "network" });
});

test("what the caller gave up is no error of the network", async () => {
  const { url } = await serve(200, "{}");
  expect(isAbort(await problemOf(send(url, { signal: AbortSignal.abort() })))).toBe(true);
});
