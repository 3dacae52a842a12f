/* Groups: the routes about groups of jobs: how many are in one and wait for it, and which these
 * are.
 *
 * No structure of a shard knows the members of a group. So its jobs are looked for in the table of
 * all jobs, piece by piece and shard after shard, and everything else has its turn in between.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import * as C from "../../assembly/constants.ts";
import type { InProcess } from "../broker/in-process.ts";
import type { Desk } from "../session/desk.ts";
import type { GroupAnswer, GroupJob, GroupJobsAnswer } from "./api-tubes.ts";
import { choiceParameter, groupNameOf, numberParameter } from "./fields.ts";
import type { Route } from "./handler.ts";
import { jobFacts } from "./job-reading.ts";
import { noGroup, refused } from "./refusals.ts";

const ROLES = ["member", "waiting"] as const;
const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;
const ENCODER = new TextEncoder();
const LATIN1 = new TextDecoder("latin1");

/** The routes about groups. */
export function groupRoutes(inProcess: InProcess): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/groups/:name",
      needs: "read",
      handler: async ({ params }) => ({ json: await show(inProcess, groupNameOf(params["name"])) }),
    },
    {
      method: "GET",
      path: "/api/v1/groups/:name/jobs",
      needs: "read",
      handler: async ({ params, query, signal }) => {
        const json = await jobsOf(inProcess, signal, {
          name: groupNameOf(params["name"]),
          isWaiting: choiceParameter(query, "role", ROLES, "member") === "waiting",
          after: numberParameter(query, "after", 0, Number.MAX_SAFE_INTEGER, 0),
          limit: numberParameter(query, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT),
        });
        await inProcess.settled();
        return { json };
      },
    },
  ];
}

async function show(inProcess: InProcess, name: string): Promise<GroupAnswer> {
  const reply = await inProcess.withConnection((own) => own.ask(`stats-group ${name}`));
  if (reply.word === "NOT_FOUND") throw noGroup();
  if (reply.word !== "OK") throw refused(reply);
  const document = LATIN1.decode(reply.body);
  const value = (key: string): string =>
    new RegExp(`^${key}: (.*)$`, "m").exec(document)?.[1] ?? "";
  return {
    name,
    pending: Number(value("pending")),
    buried: Number(value("buried")),
    isComplete: value("complete") === "true",
    waiting: Number(value("waiting-jobs")),
  };
}

/** Which jobs of a group. */
interface Asked {
  readonly name: string;
  readonly isWaiting: boolean;
  readonly after: number;
  readonly limit: number;
}

async function jobsOf(
  inProcess: InProcess,
  signal: AbortSignal,
  asked: Asked,
): Promise<GroupJobsAnswer> {
  const search = new GroupSearch(asked);
  while (!signal.aborted && !inProcess.look((desk) => search.step(desk))) {
    await nextTurn();
  }
  const ids = search.ids.slice(0, asked.limit);
  const jobs = inProcess.look((desk) => ids.map((id) => jobOf(desk, id)));
  const hasMore = search.ids.length > asked.limit;
  return {
    jobs: jobs.filter((job) => job !== undefined),
    next: hasMore ? (ids.at(-1) ?? null) : null,
  };
}

function jobOf(desk: Desk, id: number): GroupJob | undefined {
  const facts = jobFacts(desk, id);
  if (facts === undefined) return undefined;
  const { tube, state, pri, ageSeconds, reserves, failureCount: failures } = facts;
  return { id, tube, state, pri, ageSeconds, reserves, failures };
}

/** The lowest ids of a group's jobs, one more than is asked for. */
class GroupSearch {
  ids: readonly number[] = [];
  readonly #asked: Asked;
  readonly #name: Uint8Array;
  /* Where it is: in which shard, and in which class of how many (assembly/listing.ts). */
  #shard = 0;
  #class = 0;
  #classes = 0;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#name = ENCODER.encode(asked.name);
  }

  /** Looks at the next part of a shard; whether it is over. */
  step(desk: Desk): boolean {
    const shard = desk.shards[this.#shard];
    if (shard === undefined) return true;
    const { isWaiting, after, limit } = this.#asked;
    const most = limit + 1;
    const isFull = this.ids.length === most;
    const before = isFull ? (this.ids.at(-1) ?? 0) : C.NEVER_MICROS;
    desk.stageName(shard, this.#name);
    const answer = shard.listGroup(
      0,
      this.#name.length,
      isWaiting ? 1 : 0,
      after,
      before,
      most,
      this.#class,
      this.#classes,
      desk.now,
    );
    const { buffer, byteOffset } = shard.output;
    const found = new Float64Array(buffer, byteOffset, shard.field(C.RESULT_COUNT));
    const all = new Set([...this.ids, ...found]); // a job that is on its way is in two shards
    this.ids = [...all].toSorted((a, b) => a - b).slice(0, most);
    this.#class = shard.field(C.RESULT_REF);
    this.#classes = shard.field(C.RESULT_STATS + C.LIST_CLASSES);
    if (answer === C.MORE) return false;
    this.#shard++;
    this.#class = this.#classes = 0;
    return false;
  }
}
