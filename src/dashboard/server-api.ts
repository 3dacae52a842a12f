/* Server API: asks the server and tells what came back.
 *
 * Every request stays on the page's own origin. One that changes something is a POST with JSON and
 * the header that a forged form cannot send. Whatever goes wrong becomes an ApiError with a code:
 * the server's own, or HM_UNREACHABLE when there was no answer.
 */
import { signal } from "@preact/signals";
import type { ApiFailure } from "../http/api.ts";

/** A request that did not do what it should. */
export class ApiError extends Error {
  /** Stable; the server's, or `HM_UNREACHABLE` or `HM_HTTP_<status>`. */
  readonly code: string;
  /** 0 when there was no answer. */
  readonly status: number;

  constructor(code: string, message: string, status: number) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
  }
}

/** Counts the times that the server said that it does not know who asks. */
export const refusals = signal(0);

const BASE = "api/v1/";

/**
 * The name of a tube or a group as a part of a path below the API. Browsers take "." and ".." for
 * steps, however they are encoded; a "~", which no name has, keeps them from that.
 */
export function apiName(name: string): string {
  return `${/^\.\.?$/.test(name) ? "~" : ""}${encodeURIComponent(name)}`;
}

/** The address of a resource below the API, for a link. */
export function apiAddress(path: string): string {
  return BASE + path;
}

/**
 * Asks for a resource.
 *
 * @param path below /api/v1/, with its query
 * @throws {ApiError}
 */
export async function get<T>(path: string, abort?: AbortSignal): Promise<T> {
  return request<T>(path, abort === undefined ? {} : { signal: abort });
}

/**
 * Asks for a change.
 *
 * @throws {ApiError}
 */
export async function post<T>(path: string, body: object = {}): Promise<T> {
  return request<T>(path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-homemaker": "1" },
    body: JSON.stringify(body),
  });
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  const response = await reach(path, init);
  if (!response.ok) throw await refusalOf(response);
  const text = await response.text();
  // What the server answers is what api.ts says: both come from one build.
  return (text === "" ? {} : JSON.parse(text)) as T;
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(BASE + path, { ...init, credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("HM_UNREACHABLE", "The server does not answer.", 0);
  }
}

async function refusalOf(response: Response): Promise<ApiError> {
  if (response.status === 401 && !response.url.endsWith("/login")) refusals.value += 1;
  const { status } = response;
  const text = await response.text();
  const said = failureIn(text);
  return said === null
    ? new ApiError(`HM_HTTP_${status}`, `The server answered with status ${status}.`, status)
    : new ApiError(said.error.code, said.error.message, status);
}

function failureIn(text: string): ApiFailure | null {
  try {
    const answer = JSON.parse(text) as Partial<ApiFailure> | null;
    return typeof answer?.error?.message === "string" ? (answer as ApiFailure) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
