import type { ErrorBody } from "./types";

/** The server answered with an error, or (`status` 0, code `network`) did not answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: unknown = null,
    readonly requestId: string | null = null,
  ) {
    super(message);
  }
}

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Sent as JSON, or as it is when it is a Blob. */
  body?: unknown;
  token?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** True when `error` carries this code. */
export function hasCode(error: unknown, code: string): error is ApiError {
  return error instanceof ApiError && error.code === code;
}

/** True when the caller aborted: nothing to tell anybody. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

function isErrorBody(value: unknown): value is ErrorBody {
  if (typeof value !== "object" || value === null || !("error" in value)) return false;
  const error = value.error;
  return typeof error === "object" && error !== null && "code" in error && "message" in error;
}

async function errorOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  if (!isErrorBody(body)) {
    const code = response.status >= 500 ? "network" : "bad_answer";
    return new ApiError(response.status, code, response.statusText);
  }
  const { code, message, details, requestId } = body.error;
  return new ApiError(response.status, code, message, details, requestId);
}

function headersOf({ body, token }: RequestOptions): Headers {
  const headers = new Headers({ Accept: "application/json" });
  if (body instanceof Blob) headers.set("Content-Type", body.type);
  else if (body !== undefined) headers.set("Content-Type", "application/json");
  if (token) headers.set("Authorization", `Bearer ${token}`);
  return headers;
}

/** One HTTP call; throws ApiError, or the AbortError of `signal`. */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = "GET", body, signal } = options;
  const init: RequestInit = { method, headers: headersOf(options) };
  if (signal) init.signal = signal;
  if (body !== undefined) init.body = body instanceof Blob ? body : JSON.stringify(body);
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError(0, "network", "The server did not answer");
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** One HTTP call answered in JSON. The caller names the shape, from docs/api.md. */
export async function sendJson<T>(path: string, options?: RequestOptions): Promise<T> {
  const response = await send(path, options);
  return (await response.json()) as T;
}
