/* Bulk: the route that does one thing to many jobs: it finds them as a list does, and gives the
 * command for each by its id.
 *
 * It goes through a tube's jobs of one state once, in the order of their ids, so what a kick makes
 * ready is not met again. Whether jobs are wanted is judged for some at a time, for as long as
 * reading their bodies takes. Whether they are still in the state is looked at once more right
 * before the commands, so one that left it meanwhile is left alone. Between two steps everything
 * else has its turn, and it stops when nobody waits for the answer any more, or when the server
 * refused something; what is done by then is done. With a limit it goes on where the caller says.
 * One at a time.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ClientConnection } from "../client/connection.ts";
import type { InProcess } from "../broker/in-process.ts";
import type { Reply } from "../protocol/reply-reader.ts";
import type { Desk } from "../session/desk.ts";
import type { BulkAction, BulkAnswer, BulkRequest, JobState } from "./api-jobs.ts";
import {
  choiceField,
  numberField,
  optionalBooleanField,
  optionalNumberField,
  optionalStringField,
  refuseOtherFields,
  stringField,
  tubeNameOf,
  U32_MAX,
} from "./fields.ts";
import { HttpError } from "./handler.ts";
import type { Call, Route } from "./handler.ts";
import { inSteps, isWanted, listJobs, shardOfTube, stands } from "./job-scan.ts";
import type { ListedJob, Page, Wanted } from "./job-scan.ts";
import { FILTER_CHARACTERS_MAX, groupOf, STATES } from "./jobs.ts";
import { refused } from "./refusals.ts";
import { checkTube, MANAGE, PUT } from "./rights.ts";

const LIST_PAGE = 1000;
/** Jobs that are looked at in one go. */
const STEP_JOBS = 64;
/**
 * Sessions that move jobs: each has one on its way to another shard, which takes two commits of the
 * journal; together they share these.
 */
const MOVING_SESSIONS = 32;

/** What can be done. */
interface ActionRow {
  /** The states in which a job lets others do it. */
  readonly states: readonly JobState[];
  /** The words of the replies that mean that it was done. */
  readonly done: readonly string[];
  /** What the command has before the id and behind it. */
  readonly command: (body: unknown, wanted: Wanted) => readonly [verb: string, rest: string];
  /** By how many sessions it is done. */
  readonly sessions: number;
}

const NOT_HELD: readonly JobState[] = ["ready", "delayed", "buried"];

const ACTIONS: Readonly<Record<BulkAction, ActionRow>> = {
  kick: {
    states: ["delayed", "buried"],
    done: ["KICKED"],
    command: () => ["kick-job", ""],
    sessions: 1,
  },
  delete: { states: NOT_HELD, done: ["DELETED"], command: () => ["delete", ""], sessions: 1 },
  cancel: {
    states: STATES,
    done: ["CANCELLED", "CANCELLING"],
    command: () => ["cancel", ""],
    sessions: 1,
  },
  move: { states: NOT_HELD, done: ["MOVED", "BURIED"], command: moveOf, sessions: MOVING_SESSIONS },
  update: {
    states: NOT_HELD,
    done: ["UPDATED", "BURIED"],
    command: (body) => ["update-job", ` ${numberField(body, "pri", 0, U32_MAX)}`],
    sessions: 1,
  },
};
const ACTION_NAMES = Object.keys(ACTIONS) as BulkAction[];

function moveOf(body: unknown, { tube }: Wanted): readonly [string, string] {
  const to = tubeNameOf(stringField(body, "to"));
  if (to === tube) throw new HttpError(400, "HM_HTTP_FIELD", '"to" is where the jobs are');
  return ["move", ` ${to}`];
}

/** What is to be done, to which jobs. */
interface Errand {
  readonly wanted: Wanted;
  /** Where the jobs go, if they do. */
  readonly target: string | undefined;
  readonly isDryRun: boolean;
  readonly done: ReadonlySet<string>;
  readonly sessions: number;
  /** The command for a job. */
  readonly commandFor: (id: number) => string;
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}

/** What came of it so far. */
interface Outcome {
  matched: number;
  done: number;
  gone: number;
  refused: number;
  refusal: string | null;
  last: number | null;
}

/** The route about many jobs. */
export function bulkRoutes(inProcess: InProcess): readonly Route[] {
  let isBusy = false;
  return [
    {
      method: "POST",
      path: "/api/v1/bulk",
      needs: "admin",
      about: "chosen",
      handler: async ({ body, signal, grant }: Call) => {
        const errand = errandOf(body);
        checkTube(grant, MANAGE, errand.wanted.tube);
        if (errand.target !== undefined) checkTube(grant, PUT, errand.target);
        if (isBusy) {
          const headers = { "retry-after": "1" };
          throw new HttpError(503, "HM_HTTP_BUSY", "this is being done to other jobs", headers);
        }
        isBusy = true;
        try {
          return { json: await run(inProcess, errand, signal) };
        } finally {
          isBusy = false;
        }
      },
    },
  ];
}

/** All that may be said: a misspelt one would have it done to more jobs than were meant. */
const FIELDS = [
  ...["action", "tube", "state", "filter", "group", "to", "pri"],
  ...["dryRun", "after", "upTo", "limit"],
] as const satisfies readonly (keyof BulkRequest)[];

function errandOf(body: unknown): Errand {
  const action = choiceField(body, "action", ACTION_NAMES);
  refuseOtherFields(body, FIELDS);
  const isDryRun = optionalBooleanField(body, "dryRun");
  const wanted = wantedIn(body);
  const { states, done, command, sessions } = ACTIONS[action];
  if (!states.includes(wanted.state)) {
    const message = `"action" ${action} does nothing to ${wanted.state} jobs`;
    throw new HttpError(400, "HM_HTTP_FIELD", message);
  }
  const [verb, rest] = isDryRun ? ["", ""] : command(body, wanted);
  return {
    wanted,
    target: action === "move" && !isDryRun ? rest.trimStart() : undefined,
    isDryRun,
    done: new Set(done),
    sessions: isDryRun ? 1 : sessions,
    commandFor: (id) => `${verb} ${id}${rest}`,
    after: optionalNumberField(body, "after", 0, Number.MAX_SAFE_INTEGER, 0),
    upTo: optionalNumberField(body, "upTo", 0, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    limit: optionalNumberField(body, "limit", 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  };
}

function wantedIn(body: unknown): Wanted {
  const hasGroup = typeof body === "object" && body !== null && "group" in body;
  return {
    tube: tubeNameOf(stringField(body, "tube")),
    state: choiceField(body, "state", STATES),
    filter: optionalStringField(body, "filter", FILTER_CHARACTERS_MAX),
    group: hasGroup ? groupOf(stringField(body, "group")) : undefined,
  };
}

async function run(inProcess: InProcess, errand: Errand, signal: AbortSignal): Promise<BulkAnswer> {
  const outcome: Outcome = { matched: 0, done: 0, gone: 0, refused: 0, refusal: null, last: null };
  const sessions = Array.from({ length: errand.sessions }, () => inProcess.observe());
  try {
    let { after, limit } = errand;
    let hasMore = true;
    const goesOn = (): boolean => outcome.refused === 0 && !signal.aborted;
    while (hasMore && limit > 0 && goesOn()) {
      const page = await nextPage(inProcess, errand, after, Math.min(LIST_PAGE, limit));
      let looked = 0;
      while (looked < page.jobs.length && goesOn()) {
        const step = page.jobs.slice(looked, looked + STEP_JOBS);
        await doStep(inProcess, sessions, errand, step, outcome);
        looked += step.length;
      }
      limit -= looked;
      hasMore = looked < page.jobs.length || page.next > 0;
      after = (looked < page.jobs.length ? page.jobs[looked - 1]?.id : page.next) || after;
    }
    const { done, refusal } = outcome;
    if (done === 0 && refusal !== null) throw refused({ word: refusal });
    return { ...outcome, next: hasMore ? after : null };
  } finally {
    for (const session of sessions) session.close();
  }
}

/** Of the ids up to the last; an empty one where the tube went with the last of its jobs. */
async function nextPage(
  inProcess: InProcess,
  { wanted, after: first, upTo }: Errand,
  after: number,
  limit: number,
): Promise<Page> {
  try {
    const page = await inProcess.withConnection((own) => listJobs(own, wanted, after, limit));
    const jobs = page.jobs.filter(({ id }) => id <= upTo);
    return { jobs, next: jobs.length < page.jobs.length ? 0 : page.next };
  } catch (error) {
    const isOver = after > first || first > 0;
    if (isOver && error instanceof HttpError && error.status === 404) return { jobs: [], next: 0 };
    throw error;
  }
}

/** Does it to those of some jobs that are wanted. */
async function doStep(
  inProcess: InProcess,
  sessions: readonly ClientConnection[],
  errand: Errand,
  jobs: readonly ListedJob[],
  outcome: Outcome,
): Promise<void> {
  const { wanted, isDryRun, done, commandFor } = errand;
  const matching = await wantedOf(inProcess, jobs, wanted);
  outcome.matched += matching.length;
  outcome.last = matching.at(-1) ?? outcome.last;
  if (!isDryRun) {
    const ids = standingOf(inProcess, matching, wanted);
    const isPlain = wanted.filter === "" && wanted.group === undefined;
    const left = isPlain ? jobs.length - matching.length : 0; // with a filter nobody knows of those
    outcome.matched += left;
    outcome.gone += left + matching.length - ids.length;
    const shares = sessions.map((session, share) => {
      const own = ids.filter((_, at) => at % sessions.length === share);
      return Promise.all(own.map((id) => session.ask(commandFor(id))));
    });
    for (const reply of (await Promise.all(shares)).flat()) count(reply, done, outcome);
  }
  await nextTurn();
}

async function wantedOf(
  inProcess: InProcess,
  jobs: readonly ListedJob[],
  wanted: Wanted,
): Promise<readonly number[]> {
  const ids: number[] = [];
  const look = (desk: Desk, { id }: ListedJob): boolean => {
    if (isWanted(desk, shardOfTube(desk, wanted.tube), id, wanted)) ids.push(id);
    return false;
  };
  await inSteps(inProcess, jobs, look, { wanted, lacks: () => Infinity });
  return ids;
}

/** Those that did not leave the state, or the tube, since they were found. */
function standingOf(
  inProcess: InProcess,
  ids: readonly number[],
  wanted: Wanted,
): readonly number[] {
  return inProcess.look((desk) => {
    const shard = shardOfTube(desk, wanted.tube);
    return ids.filter((id) => stands(desk, shard, id, wanted));
  });
}

function count({ word, args }: Reply, done: ReadonlySet<string>, outcome: Outcome): void {
  if (done.has(word)) outcome.done++;
  else if (word === "NOT_FOUND") outcome.gone++;
  else {
    outcome.refused++;
    outcome.refusal ??= [word, ...args].join(" ");
  }
}
