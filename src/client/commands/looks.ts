/* Looks: the commands that show something and change nothing; all may be sent twice. */
import type { Reply } from "../../protocol/reply-reader.ts";
import { finding, jobId, named, oneOf, reading, whole } from "../command.ts";
import type { Command } from "../command.ts";
import { parseDocument, parseGroups, parseNames } from "../document.ts";
import type { Facts } from "../document.ts";

/** A job as whoever looks sees it. */
export interface Seen {
  readonly id: number;
  readonly body: Uint8Array;
}

/** The states that the jobs of a tube can be listed by. */
const STATES = ["ready", "reserved", "delayed", "buried"] as const;

/** A state that the jobs of a tube can be listed by. */
export type ListedState = (typeof STATES)[number];

/** A page of a list of jobs. */
export interface JobPage {
  readonly jobs: readonly Facts[];
  /** What to go on with: the `after` of the next page; 0 when this is the last. */
  readonly next: number;
}

const PAGE_MAX = 1000;
const TEXT = new TextDecoder();

/** `peek`, `peek-ready` and the like, `peek-failure`, `peek-progress` */
export function peek(name: string, id?: number): Command<Seen | undefined> {
  return {
    head: id === undefined ? name : `${name} ${jobId(id)}`,
    isSafe: true,
    needs: [name],
    read: finding(name, "FOUND", ({ args, body }) => ({ id: Number(args[0]), body })),
  };
}

/** `stats`, and what is described by its name or id */
export function describe(name: string): Command<Facts> {
  return { head: name, isSafe: true, read: reading(name, "OK", factsOf) };
}

/** `stats-tube`, `stats-group`, `stats-job` and `explain`: undefined if there is none. */
export function describeOne(name: string, which: string | number): Command<Facts | undefined> {
  const word = typeof which === "number" ? jobId(which) : named(name, which);
  return {
    head: `${name} ${word}`,
    isSafe: true,
    needs: [name],
    read: finding(name, "OK", factsOf),
  };
}

/** `list-tubes`, `list-tubes-watched` */
export function listNames(name: string): Command<readonly string[]> {
  return {
    head: name,
    isSafe: true,
    read: reading(name, "OK", (reply) => parseNames(textOf(reply))),
  };
}

/** `list-tube-used` */
export function tubeUsed(): Command<string> {
  const read = reading("list-tube-used", "USING", ({ args }) => args[0] ?? "");
  return { head: "list-tube-used", isSafe: true, read };
}

/** `list-jobs` */
export function listJobs(
  tube: string,
  state: ListedState,
  after: number,
  limit: number,
): Command<JobPage | undefined> {
  const where = `${named("tube", tube)} ${oneOf("state", STATES, state)}`;
  const from = whole("after", after, 0, Number.MAX_SAFE_INTEGER);
  return {
    head: `list-jobs ${where} ${from} ${whole("limit", limit, 1, PAGE_MAX)}`,
    isSafe: true,
    needs: ["list-jobs"],
    read: finding("list-jobs", "OK", (reply) => {
      const { jobs, next } = factsOf(reply);
      return { jobs: Array.isArray(jobs) ? (jobs as readonly Facts[]) : [], next: Number(next) };
    }),
  };
}

/** `list-failures` */
export function listFailures(id: number): Command<readonly Facts[] | undefined> {
  return {
    head: `list-failures ${jobId(id)}`,
    isSafe: true,
    needs: ["list-failures"],
    read: finding("list-failures", "OK", (reply) => parseGroups(textOf(reply))),
  };
}

/** `features` */
export function features(): Command<Facts> {
  return { ...describe("features"), needs: ["features"] };
}

function factsOf(reply: Reply): Facts {
  return parseDocument(textOf(reply));
}

function textOf({ body }: Reply): string {
  return TEXT.decode(body);
}
