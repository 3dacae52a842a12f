/* Route: which page the address names.
 *
 * The whole of a page's state that is worth a bookmark stands behind the `#` of the address
 * (search, order, filter, cursor), so it survives a reload, can be sent to somebody, and never
 * reaches the server's or a proxy's log. What the address lacks has its default; what it has wrong
 * is the page "unknown", never an exception. Written by links and `go`, read by app.tsx.
 */
import { signal } from "@preact/signals";
import type { TubeSort } from "../http/api-tubes.ts";
import type { JobState } from "../http/api-jobs.ts";

/** The list of tubes, as the address has it. */
export interface TubesRoute {
  readonly page: "tubes";
  readonly search: string;
  readonly sort: TubeSort;
  readonly order: "asc" | "desc";
  readonly offset: number;
}

/** A tube and its jobs of one state. */
export interface TubeRoute {
  readonly page: "tube";
  readonly name: string;
  readonly state: JobState;
  /** Text that must occur in the body or the latest failure; "" for all. */
  readonly filter: string;
  /** Key of a group of failures; "" for all. */
  readonly group: string;
  /** The id after which the list begins. */
  readonly after: number;
}

/** A group of jobs: those in it, or those that wait for it. */
export interface GroupRoute {
  readonly page: "group";
  readonly name: string;
  readonly role: "member" | "waiting";
  /** The id after which the list begins. */
  readonly after: number;
}

/** Every page. */
export type Route =
  | { readonly page: "overview" }
  | TubesRoute
  | TubeRoute
  | GroupRoute
  | { readonly page: "job"; readonly id: number }
  | { readonly page: "failures"; readonly tube: string }
  | { readonly page: "connections"; readonly offset: number; readonly id?: string }
  | { readonly page: "workers" }
  | { readonly page: "unknown" };

/** The states of jobs, in the order in which they are shown. */
export const STATES: readonly JobState[] = ["ready", "reserved", "delayed", "buried"];

const ROLES = ["member", "waiting"] as const;
const SORTS: readonly TubeSort[] = [
  "name",
  "ready",
  "reserved",
  "delayed",
  "buried",
  "total",
  "age",
  "waiting",
];

/** The list of tubes without any wish. */
export const ALL_TUBES: TubesRoute = {
  page: "tubes",
  search: "",
  sort: "name",
  order: "asc",
  offset: 0,
};

/** A tube's page, from its beginning. */
export function tubeRoute(name: string, state: JobState = "ready"): TubeRoute {
  return { page: "tube", name, state, filter: "", group: "", after: 0 };
}

/** A group's page, from its beginning. */
export function groupRoute(name: string): GroupRoute {
  return { page: "group", name, role: "member", after: 0 };
}

/** Reads what stands behind the `#` of an address. */
function parseRoute(hash: string): Route {
  const [path, rest] = splitOnce(hash.replace(/^#/, ""), "?");
  const wishes = new URLSearchParams(rest);
  const [page = "", argument, ...others] = path.split("/").slice(1);
  if (others.length > 0) return { page: "unknown" };
  if (argument !== undefined) return parseArgument(page, argument, wishes);
  switch (page) {
    case "":
      return { page: "overview" };
    case "tubes":
      return {
        page: "tubes",
        search: wishes.get("search") ?? "",
        sort: oneOf(SORTS, wishes.get("sort"), "name"),
        order: oneOf(["asc", "desc"], wishes.get("order"), "asc"),
        offset: wholeNumber(wishes.get("offset")) ?? 0,
      };
    case "failures":
      return { page: "failures", tube: wishes.get("tube") ?? "" };
    case "workers":
      return { page: "workers" };
    case "connections":
      return {
        page: "connections",
        offset: wholeNumber(wishes.get("offset")) ?? 0,
        id: wishes.get("id") ?? "",
      };
    default:
      return { page: "unknown" };
  }
}

function parseArgument(page: string, argument: string, wishes: URLSearchParams): Route {
  if (page === "jobs") {
    const id = wholeNumber(argument);
    return id === null ? { page: "unknown" } : { page: "job", id };
  }
  const name = decoded(argument);
  if (name === null) return { page: "unknown" };
  const after = wholeNumber(wishes.get("after")) ?? 0;
  if (page === "groups") {
    return { page: "group", name, role: oneOf(ROLES, wishes.get("role"), "member"), after };
  }
  if (page !== "tubes") return { page: "unknown" };
  return {
    page: "tube",
    name,
    state: oneOf(STATES, wishes.get("state"), "ready"),
    filter: wishes.get("filter") ?? "",
    group: wishes.get("group") ?? "",
    after,
  };
}

/** The address of a page, for a link. */
export function addressOf(route: Route): string {
  switch (route.page) {
    case "overview":
      return "#/";
    case "tubes":
      return `#/tubes${query(
        ["search", route.search],
        ["sort", route.sort === "name" ? "" : route.sort],
        ["order", route.order === "asc" ? "" : route.order],
        ["offset", route.offset || ""],
      )}`;
    case "tube":
      return `#/tubes/${encodeURIComponent(route.name)}${query(
        ["state", route.state === "ready" ? "" : route.state],
        ["filter", route.filter],
        ["group", route.group],
        ["after", route.after || ""],
      )}`;
    case "group":
      return `#/groups/${encodeURIComponent(route.name)}${query(
        ["role", route.role === "member" ? "" : route.role],
        ["after", route.after || ""],
      )}`;
    case "job":
      return `#/jobs/${route.id}`;
    case "failures":
      return `#/failures${query(["tube", route.tube])}`;
    case "connections":
      return `#/connections${query(["id", route.id ?? ""], ["offset", route.offset || ""])}`;
    case "workers":
      return "#/workers";
    case "unknown":
      return "#/unknown";
  }
}

/** A query of the pairs that have a value, with its `?`. */
export function query(...pairs: readonly (readonly [string, string | number])[]): string {
  const given = pairs.filter(([, value]) => value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}

/** The page that the address names now. */
export const route = signal<Route>(parseRoute(location.hash));

addEventListener("hashchange", () => {
  route.value = parseRoute(location.hash);
});

/** Goes to a page; `replaces` leaves no step in the history behind. */
export function go(to: Route, replaces = false): void {
  if (!replaces) {
    location.hash = addressOf(to);
    return;
  }
  history.replaceState(null, "", addressOf(to));
  route.value = to;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function oneOf<T extends string>(allowed: readonly T[], text: string | null, otherwise: T): T {
  return allowed.find((one) => one === text) ?? otherwise;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
