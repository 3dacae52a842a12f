/*
 * Tubes: the routes about tubes: the list, one tube, pausing, setting, kicking and flushing it.
 */
import type { ClientConnection } from "../client/connection.ts";
import type { Reply } from "../protocol/reply-reader.ts";
import type { InProcess } from "../broker/in-process.ts";
import type {
  FlushAnswer,
  KickAnswer,
  Tube,
  TubeDetails,
  TubesAnswer,
  TubeSort,
} from "./api-tubes.ts";
import {
  choiceParameter,
  numberField,
  numberParameter,
  settingsField,
  textParameter,
  tubeNameOf,
  U32_MAX,
} from "./fields.ts";
import { HttpError } from "./handler.ts";
import type { Call, Route } from "./handler.ts";
import { noTube, refused } from "./refusals.ts";
import { checkTube, PUT, seenTubes } from "./rights.ts";
import type { TubeSurvey } from "./tube-survey.ts";

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 1000;
const SEARCH_CHARACTERS_MAX = 200;
/** Jobs that are kicked by one command: no more than these when nobody waits for it any more. */
const KICK_STEP_JOBS = 10_000;

const SORTS: Readonly<Record<TubeSort, (tube: Tube) => number>> = {
  name: () => 0,
  ready: (tube) => tube.ready,
  reserved: (tube) => tube.reserved,
  delayed: (tube) => tube.delayed,
  buried: (tube) => tube.buried,
  total: (tube) => tube.total,
  age: (tube) => tube.ageOldestReadySeconds ?? -1,
  waiting: (tube) => tube.waiting,
};
const SORT_NAMES = Object.keys(SORTS) as TubeSort[];

/** What says to which tube dead jobs go. */
const DEAD = "dead=";

/** The routes about tubes. */
export function tubeRoutes(inProcess: InProcess, survey: TubeSurvey): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/tubes",
      needs: "read",
      about: "chosen",
      handler: async ({ query, grant }) => ({
        json: page(seenTubes(grant, await survey.all()), query),
      }),
    },
    {
      method: "GET",
      path: "/api/v1/tubes/:name",
      needs: "read",
      about: "tube",
      handler: (call) => ({ json: existing(survey, call) }),
    },
    {
      method: "POST",
      path: "/api/v1/tubes/:name/pause",
      needs: "admin",
      about: "tube",
      handler: async (call) => {
        const seconds = numberField(call.body, "seconds", 0, U32_MAX);
        const name = tubeNameOf(call.params["name"]);
        await asked(inProcess, `pause-tube ${name} ${seconds}`, "PAUSED");
        return { json: {} };
      },
    },
    {
      method: "POST",
      path: "/api/v1/tubes/:name/settings",
      needs: "admin",
      about: "tube",
      handler: async (call) => {
        const name = tubeNameOf(call.params["name"]);
        const words = settingsField(call.body, "settings", name);
        const dead = words.find((word) => word.startsWith(DEAD))?.slice(DEAD.length) ?? "";
        if (dead !== "") checkTube(call.grant, PUT, dead); // it is put to
        await set(inProcess, `set-tube ${name} ${words.join(" ")}`);
        return { json: {} };
      },
    },
    {
      method: "POST",
      path: "/api/v1/tubes/:name/kick",
      needs: "admin",
      about: "tube",
      handler: async (call) => {
        const count = numberField(call.body, "count", 1, U32_MAX);
        const { name } = existing(survey, call);
        const kicked = await inProcess.withConnection((own) => kick(own, name, count, call.signal));
        return { json: { kicked } satisfies KickAnswer };
      },
    },
    {
      method: "POST",
      path: "/api/v1/tubes/:name/flush",
      needs: "admin",
      about: "tube",
      handler: async (call) => {
        const name = tubeNameOf(call.params["name"]);
        const { args } = await asked(inProcess, `flush-tube ${name}`, "FLUSHED");
        return { json: { flushed: Number(args[0]) } satisfies FlushAnswer };
      },
    },
  ];
}

/**
 * Asks for something to be done to a tube. Rejects with an HttpError unless the answer is `wanted`.
 */
async function asked(inProcess: InProcess, command: string, wanted: string): Promise<Reply> {
  const reply = await inProcess.withConnection((own) => own.ask(command));
  if (reply.word === "NOT_FOUND") throw noTube();
  if (reply.word !== wanted) throw refused(reply);
  return reply;
}

/** What is well written is refused where a level is above what the server itself promises. */
async function set(inProcess: InProcess, command: string): Promise<void> {
  const reply = await inProcess.withConnection((own) => own.ask(command));
  if (reply.word === "BAD_FORMAT") {
    const message = '"ack" must be no more than the server promises';
    throw new HttpError(400, "HM_HTTP_FIELD", message);
  }
  if (reply.word !== "TUBE_SET") throw refused(reply);
}

/** Kicks step by step, until enough were kicked, none is left, or nobody waits for it any more. */
async function kick(
  own: ClientConnection,
  name: string,
  count: number,
  signal: AbortSignal,
): Promise<number> {
  const using = await own.ask(`use ${name}`);
  if (using.word !== "USING") throw refused(using);
  let kicked = 0;
  while (kicked < count && !signal.aborted) {
    const reply = await own.ask(`kick ${Math.min(count - kicked, KICK_STEP_JOBS)}`);
    if (reply.word !== "KICKED") throw refused(reply);
    const now = Number(reply.args[0]);
    kicked += now;
    if (now < KICK_STEP_JOBS) break;
  }
  return kicked;
}

function existing(survey: TubeSurvey, call: Call): TubeDetails {
  const tube = survey.one(tubeNameOf(call.params["name"]));
  if (tube === undefined) throw noTube();
  return tube;
}

function page(all: readonly Tube[], query: URLSearchParams): TubesAnswer {
  const search = textParameter(query, "search", SEARCH_CHARACTERS_MAX).toLowerCase();
  const sort = choiceParameter(query, "sort", SORT_NAMES, "name");
  const order = choiceParameter(query, "order", ["asc", "desc"], "asc");
  const offset = numberParameter(query, "offset", 0, Number.MAX_SAFE_INTEGER, 0);
  const limit = numberParameter(query, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT);
  const found = all.filter(({ name }) => name.toLowerCase().includes(search));
  const sign = order === "asc" ? 1 : -1;
  const figure = SORTS[sort];
  const sorted = found.toSorted(
    (a, b) =>
      sign * (figure(a) - figure(b)) || (sort === "name" ? sign : 1) * byText(a.name, b.name),
  );
  return { total: found.length, tubes: sorted.slice(offset, offset + limit) };
}

function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
