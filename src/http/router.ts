/* Router: which route a method and a path lead to.
 *
 * A path is compared part by part as it came, so "..", empty parts and encoded slashes lead
 * nowhere. Used by http-server.ts.
 */
import { HttpError } from "./handler.ts";
import type { Route } from "./handler.ts";

/** A route that was found, with what stood in the place of its names. */
export interface Found {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Entry {
  readonly route: Route;
  readonly parts: readonly string[];
}

/** Finds routes. */
export class Router {
  readonly #entries: readonly Entry[];

  constructor(routes: readonly Route[]) {
    this.#entries = routes.map((route) => ({ route, parts: route.path.split("/") }));
  }

  /**
   * The route; HEAD counts as GET. Throws an HttpError: 404 when there is no such path, 405 when it
   * knows other methods, 400 when it is garbled.
   */
  find(method: string, path: string): Found {
    const parts = path.split("/");
    const there = this.#entries.filter((entry) => matches(entry.parts, parts));
    if (there.length === 0) throw new HttpError(404, "HM_HTTP_NOT_FOUND", "there is no such page");
    const wanted = method === "HEAD" ? "GET" : method;
    const entry = there.find(({ route }) => route.method === wanted);
    if (entry === undefined) {
      const allow = there.map(({ route }) => route.method).join(", ");
      throw new HttpError(405, "HM_HTTP_METHOD", `only ${allow}`, { allow });
    }
    return { route: entry.route, params: paramsOf(entry.parts, parts) };
  }
}

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
  return (
    pattern.length === parts.length &&
    pattern.every((part, at) => (part.startsWith(":") ? parts[at] !== "" : part === parts[at]))
  );
}

function paramsOf(pattern: readonly string[], parts: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [at, part] of pattern.entries()) {
    if (part.startsWith(":")) params[part.slice(1)] = decoded(parts[at] ?? "");
  }
  return params;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw new HttpError(400, "HM_HTTP_PATH", "the address is not properly percent-encoded");
  }
}
