/* Bulk: the route that does one thing to many jobs: it finds them as a list does, and kicks,
 * deletes or cancels them by their ids.
 *
 * It goes through a tube's jobs of one state once, in the order of their ids, so what a kick makes
 * ready is not met again. Whether a job is wanted is judged at once before the command for it.
 * Between two batches everything else has its turn, and it stops when nobody waits for the answer
 * any more; what is done by then is done. One at a time.
 */
import type { ClientConnection } from "../client/connection.ts";
import type { InProcess } from "../broker/in-process.ts";
import type { BulkAction, BulkAnswer } from "./api.ts";
import { booleanField, choiceField, stringField, tubeNameOf } from "./fields.ts";
import { HttpError } from "./handler.ts";
import type { Call, Route } from "./handler.ts";
import { isWanted, listJobs, shardOfTube } from "./job-scan.ts";
import type { ListedJob, Wanted } from "./job-scan.ts";
import { FILTER_CHARACTERS_MAX, groupOf, STATES } from "./jobs.ts";
import { refused } from "./refusals.ts";

const ACTIONS: readonly BulkAction[] = ["kick", "delete", "cancel"];
const LIST_PAGE = 1000;
/** Jobs that are looked at, and of those that are wanted acted on, in one go. */
const BATCH_JOBS = 64;
const DONE_WORDS: ReadonlySet<string> = new Set(["KICKED", "DELETED", "CANCELLED", "CANCELLING"]);

/** The route about many jobs. */
export function bulkRoutes(inProcess: InProcess): readonly Route[] {
  let isBusy = false;
  return [
    {
      method: "POST",
      path: "/api/v1/bulk",
      needs: "admin",
      handler: async (call) => {
        if (isBusy) {
          const headers = { "retry-after": "1" };
          throw new HttpError(503, "HM_HTTP_BUSY", "this is being done to other jobs", headers);
        }
        isBusy = true;
        try {
          return { json: await run(inProcess, call) };
        } finally {
          isBusy = false;
        }
      },
    },
  ];
}

async function run(inProcess: InProcess, { body, signal }: Call): Promise<BulkAnswer> {
  const action = choiceField(body, "action", ACTIONS);
  const isDryRun = booleanField(body, "dryRun");
  const wanted = wantedIn(body);
  refuseImpossible(action, wanted);
  return inProcess.withConnection(async (own) => {
    let matched = 0;
    let done = 0;
    for (let after = 0; !signal.aborted;) {
      const page = await listJobs(own, wanted, after, LIST_PAGE);
      for (let from = 0; from < page.jobs.length && !signal.aborted; from += BATCH_JOBS) {
        const ids = wantedOf(inProcess, page.jobs.slice(from, from + BATCH_JOBS), wanted);
        matched += ids.length;
        if (!isDryRun) done += await act(own, action, ids);
        await new Promise<void>((resolve) => void setImmediate(resolve));
      }
      if (page.next === 0) break;
      after = page.next;
    }
    return { matched, done };
  });
}

function wantedIn(body: unknown): Wanted {
  const hasGroup = typeof body === "object" && body !== null && "group" in body;
  return {
    tube: tubeNameOf(stringField(body, "tube")),
    state: choiceField(body, "state", STATES),
    filter: stringField(body, "filter", FILTER_CHARACTERS_MAX),
    group: hasGroup ? groupOf(stringField(body, "group")) : undefined,
  };
}

function wantedOf(inProcess: InProcess, jobs: readonly ListedJob[], wanted: Wanted): number[] {
  return inProcess.look((desk) => {
    const shard = shardOfTube(desk, wanted.tube);
    return jobs.filter(({ id }) => isWanted(desk, shard, id, wanted)).map(({ id }) => id);
  });
}

/** What no job of that state lets others do to it. */
function refuseImpossible(action: BulkAction, { state }: Wanted): void {
  const isPossible =
    action === "kick" ? state === "buried" || state === "delayed" : state !== "reserved";
  if (isPossible || action === "cancel") return;
  throw new HttpError(400, "HM_HTTP_FIELD", `"action" ${action} does nothing to ${state} jobs`);
}

/** Returns to how many it was done: some may have gone meanwhile. */
async function act(
  own: ClientConnection,
  action: BulkAction,
  ids: readonly number[],
): Promise<number> {
  const command = action === "kick" ? "kick-job" : action;
  const replies = await Promise.all(ids.map((id) => own.ask(`${command} ${id}`)));
  const other = replies.find(({ word }) => word !== "NOT_FOUND" && !DONE_WORDS.has(word));
  if (other !== undefined) throw refused(other);
  return replies.filter(({ word }) => DONE_WORDS.has(word)).length;
}
