/* FailureGroups: the route that tells why jobs are buried: those of a tube, or of all tubes, by
 * what their latest messages have in common.
 *
 * A request looks at a bounded number of jobs, in steps between which everything else has its turn.
 * When there are more, each tube gets its share, so that a large one hides no other. Who asks for
 * what is being looked for already gets what that finds.
 */
import { MICROS } from "../clock.ts";
import type { ClientConnection } from "../client/connection.ts";
import type { InProcess } from "../broker/in-process.ts";
import type { FailureGroup, FailuresAnswer } from "./api-jobs.ts";
import { textParameter, tubeNameOf } from "./fields.ts";
import { fingerprintOf, groupKey } from "./fingerprint.ts";
import { HttpError } from "./handler.ts";
import type { Route } from "./handler.ts";
import { asBytes, base64Of, latestFailure } from "./job-reading.ts";
import type { BodyStart, LatestFailure } from "./job-reading.ts";
import { inSteps, listJobs, shardOfTube } from "./job-scan.ts";
import type { Wanted } from "./job-scan.ts";
import { laidOutFailure } from "../worker/serialized-error.ts";
import { checkTube, LOOK } from "./rights.ts";
import type { Grant } from "../protocol/rights.ts";
import type { TubeSurvey } from "./tube-survey.ts";

/** Buried jobs that one request looks at. */
const SCAN_JOBS_MAX = 10_000;
const LIST_PAGE = 1000;
const GROUPS_MAX = 200;
const SAMPLE_BYTES = 1024;
const ENCODER = new TextEncoder();
const TUBE_CHARACTERS_MAX = 200;

/** The route about what failures have in common. */
export function failureRoutes(inProcess: InProcess, survey: TubeSurvey): readonly Route[] {
  const underWay = new Map<string, Promise<FailuresAnswer>>();
  const answer = (tube: string): Promise<FailuresAnswer> => {
    const scan =
      underWay.get(tube) ?? look(inProcess, survey, tube).finally(() => void underWay.delete(tube));
    underWay.set(tube, scan);
    return scan;
  };
  return [
    {
      method: "GET",
      path: "/api/v1/failures",
      needs: "read",
      about: "chosen",
      handler: async ({ query, grant }) => {
        const tube = textParameter(query, "tube", TUBE_CHARACTERS_MAX);
        if (tube !== "") checkTube(grant, LOOK, tube);
        const isPart = tube === "" && grant?.hasEverywhere(LOOK) === false;
        return { json: await (isPart ? look(inProcess, survey, "", grant) : answer(tube)) };
      },
    },
  ];
}

async function look(
  inProcess: InProcess,
  survey: TubeSurvey,
  tube: string,
  grant?: Grant,
): Promise<FailuresAnswer> {
  const found = tube === "" ? await tubesWithBuried(survey) : [tube];
  const names = grant === undefined ? found : found.filter((name) => grant.has(LOOK, name));
  const groups = new Groups();
  let isWhole = true;
  let left = SCAN_JOBS_MAX;
  await inProcess.withConnection(async (own) => {
    for (const [at, name] of names.entries()) {
      const share = Math.ceil(left / (names.length - at));
      const { scanned, hasMore } = await scanTube(inProcess, own, name, share, groups);
      left -= scanned;
      isWhole &&= !hasMore;
    }
  });
  return { ...groups.answer(), scanned: SCAN_JOBS_MAX - left, isWhole };
}

/** Those with the fewest first: what they leave of their shares goes to the others. */
async function tubesWithBuried(survey: TubeSurvey): Promise<readonly string[]> {
  const tubes = (await survey.all()).filter(({ buried }) => buried > 0);
  return tubes.toSorted((a, b) => a.buried - b.buried).map(({ name }) => name);
}

/** Looks at `most` buried jobs of the tube; at none when there is no such tube, or no more. */
async function scanTube(
  inProcess: InProcess,
  own: ClientConnection,
  tube: string,
  most: number,
  groups: Groups,
): Promise<{ readonly scanned: number; readonly hasMore: boolean }> {
  let scanned = 0;
  for (let after = 0; scanned < most;) {
    const page = await buriedJobs(own, tube, after, Math.min(LIST_PAGE, most - scanned));
    await inSteps(inProcess, page.jobs, (desk, { id }) => {
      const latest = latestFailure(desk, shardOfTube(desk, tube), id);
      if (latest !== undefined) groups.add(tube, latest);
      return false;
    });
    scanned += page.jobs.length;
    if (page.next === 0) return { scanned, hasMore: false };
    after = page.next;
  }
  return { scanned, hasMore: true };
}

async function buriedJobs(
  own: ClientConnection,
  tube: string,
  after: number,
  limit: number,
): ReturnType<typeof listJobs> {
  try {
    const wanted: Wanted = {
      tube: tubeNameOf(tube),
      state: "buried",
      filter: "",
      group: undefined,
    };
    return await listJobs(own, wanted, after, limit);
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) return { jobs: [], next: 0 };
    throw error;
  }
}

interface Group {
  readonly tube: string;
  /** What its messages have in common. */
  readonly common: string;
  count: number;
  /** The headline of the newest message. */
  headline: Uint8Array;
  /** The beginning of the newest message. */
  sample: BodyStart;
  /** In microseconds since 1970; Infinity and 0 while no time is known. */
  firstMicros: number;
  lastMicros: number;
}

/** The groups found so far. */
class Groups {
  /** By tube and by what the messages have in common. */
  readonly #groups = new Map<string, Group>();

  add(tube: string, { message, atMicros }: LatestFailure): void {
    const { common, headline } = fingerprintOf(message);
    const name = `${tube}\n${common}`;
    const sample = beginningOf(message);
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { tube, common, count: 0, headline, sample, firstMicros: Infinity, lastMicros: 0 };
      this.#groups.set(name, group);
    }
    group.count++;
    if (atMicros === undefined) return;
    group.firstMicros = Math.min(group.firstMicros, atMicros);
    if (atMicros < group.lastMicros) return;
    Object.assign(group, { lastMicros: atMicros, headline, sample });
  }

  answer(): Pick<FailuresAnswer, "groups" | "groupCount"> {
    const largest = [...this.#groups.values()]
      .toSorted((a, b) => b.count - a.count || b.lastMicros - a.lastMicros)
      .slice(0, GROUPS_MAX);
    return { groups: largest.map(travelling), groupCount: this.#groups.size };
  }
}

/**
 * Of an error of the worker framework as it is laid out; not all of it, so that the groups keep
 * little of what was looked at.
 */
function beginningOf(message: Uint8Array): BodyStart {
  const error = laidOutFailure(message);
  const shown = error === undefined ? message : ENCODER.encode(error);
  return { bytes: shown.slice(0, SAMPLE_BYTES), length: shown.length };
}

function travelling(group: Group): FailureGroup {
  const { tube, common, count, headline, sample, firstMicros, lastMicros } = group;
  const isSeen = lastMicros > 0;
  return {
    key: groupKey(tube, common),
    tube,
    headlineBase64: base64Of(headline),
    sample: asBytes(sample),
    count,
    firstSeen: isSeen ? firstMicros / MICROS : null,
    lastSeen: isSeen ? lastMicros / MICROS : null,
  };
}
