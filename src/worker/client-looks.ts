/* Client looks: what a server says of jobs and tubes, in the words of a back end. */
import type { Client } from "../client/client.ts";
import type { ListedState } from "../client/commands/looks.ts";
import type { Facts } from "../client/document.ts";
import { FAILURE_ENDS } from "./backend.ts";
import type { QueueStats, RawFailure, RawState, RawStatus } from "./backend.ts";
import type { Abortable } from "./enqueue-options.ts";

/** The states of a back end, as a server lists jobs by them. */
export const LISTED: Readonly<Record<RawState, ListedState>> = {
  ready: "ready",
  delayed: "delayed",
  held: "reserved",
  buried: "buried",
};

const STATES = new Map<unknown, RawState>(
  Object.entries(LISTED).map(([state, listed]) => [listed, state as RawState]),
);
const SECOND = 1000;
const BYTES = new TextEncoder();

/** A job; undefined if it is gone, maybe while it was looked at. */
export async function lookAt(
  client: Client,
  id: number,
  { signal, isWhole = false }: Abortable & { readonly isWhole?: boolean },
): Promise<RawStatus | undefined> {
  const options = { signal };
  const [facts, seen, failures, progress] = await Promise.all([
    client.statsJob(id, options),
    client.peek(id, options),
    isWhole ? client.listFailures(id, options) : [],
    isWhole ? client.peekProgress(id, options) : undefined,
  ]);
  const state = STATES.get(facts?.["state"]);
  if (facts === undefined || seen === undefined || state === undefined) return undefined;
  return {
    id: String(id),
    tube: textOf(facts["tube"]) ?? "",
    state,
    body: seen.body,
    priority: numberOf(facts, "pri"),
    attempt: numberOf(facts, "reserves"),
    isCancelled: facts["cancelled"] === true,
    ageMillis: numberOf(facts, "age") * SECOND,
    leftMillis: numberOf(facts, "time-left") * SECOND,
    failures: (failures ?? []).map(failureOf),
    progress: progress?.body,
  };
}

function failureOf(facts: Facts): RawFailure {
  const { message, "message-base64": base64 } = facts;
  return {
    attempt: numberOf(facts, "attempt"),
    at: new Date(numberOf(facts, "at") * SECOND),
    who: textOf(facts["who"]) ?? "",
    end: FAILURE_ENDS.find((end) => end === facts["end"]) ?? "released",
    message: messageOf(message, base64),
  };
}

function messageOf(message: unknown, base64: unknown): Uint8Array | undefined {
  const [text, coded] = [textOf(message), textOf(base64)];
  if (text !== undefined) return BYTES.encode(text);
  if (coded === undefined) return undefined;
  return Uint8Array.from(atob(coded), (character) => character.charCodeAt(0));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** How many jobs there are: none, of a tube that is not there. */
export async function statsOf(
  client: Client,
  tube: string | undefined,
  options: Abortable,
): Promise<QueueStats> {
  const facts =
    tube === undefined ? await client.stats(options) : await client.statsTube(tube, options);
  const count = (name: string): number => (facts === undefined ? 0 : numberOf(facts, name));
  return {
    available: count("current-jobs-ready"),
    scheduled: count("current-jobs-delayed"),
    active: count("current-jobs-reserved"),
    discarded: count("current-jobs-buried"),
    workers: count(tube === undefined ? "current-workers" : "current-watching"),
  };
}

/** A number among what was said; 0 if it was not. */
export function numberOf(facts: Facts, key: string): number {
  const value = facts[key];
  return typeof value === "number" ? value : 0;
}
