/* The parts of the model: jobs, tubes and connections, as plain objects. */
import * as C from "../../assembly/constants.ts";
import type { EngineFailure } from "./answers.ts";
import type { ModelSamples } from "./model-samples.ts";
import type { Tally } from "./tally.ts";

/** Microseconds of a second. */
export const SECOND = 1_000_000;

export interface ModelJob {
  readonly id: number;
  tube: string;
  pri: number;
  delaySeconds: number;
  readonly ttrSeconds: number;
  readonly body: string;
  readonly createdMicros: number;
  /** "moving": it has left its tube, and has not come to the other one. */
  state: "ready" | "reserved" | "delayed" | "buried" | "moving";
  /** End of the delay or of the time to run. */
  deadline: number;
  /** Since when it is ready, or was when it was granted. */
  readySince: number;
  /** When it was reserved, or the grant collected. */
  reservedAt: number;
  holder: ModelConn | undefined;
  /** Reserved by a grant that nobody has collected yet. */
  granted: boolean;
  /** Place among the buried jobs. */
  buriedAt: number;
  reserves: number;
  timeouts: number;
  releases: number;
  buries: number;
  kicks: number;
  /** Held, and gone when this attempt ends. */
  cancelled: boolean;
  /** All of them, from the first on. */
  readonly failures: EngineFailure[];
  tags: ModelTags;
  /** Attempts that it is charged with. */
  charged: number;
  /** Delayed without an end, until its group is complete; and its place among those. */
  held: boolean;
  heldAt: number;
  /** What its holder last said of how far it is. */
  note?: string | undefined;
}

/** What a job is tagged with. */
export interface ModelTags {
  /** Its idempotency key, and for how many seconds it is not free after the job was deleted. */
  readonly key?: { readonly name: string; readonly ttlSeconds: number };
  /** Its concurrency key, and how many jobs with it may be reserved at a time. */
  readonly con?: { readonly name: string; readonly limit: number };
  /** Its fair key, which means nothing but in a tube with fair order. */
  readonly fair?: string;
  /** The group that it is in, and the one that it waits for. */
  readonly grp?: string;
  readonly aft?: string;
  /** Seconds that it may live, and attempts that may fail. */
  readonly exp?: number;
  readonly max?: number;
  /** What its replies wait for. */
  readonly ack?: string;
}

/** A key whose job was deleted. */
export interface ModelCooldown {
  readonly tube: string;
  readonly key: string;
  readonly id: number;
  readonly until: number;
}

/** Tags as they stand behind <bytes> of a put, each behind a space. */
export function wordsOf({ key, con, fair, exp, max, grp, aft, ack }: ModelTags): string {
  const ttl = key === undefined || key.ttlSeconds === 0 ? "" : `:${key.ttlSeconds}`;
  const words = [
    ack === undefined ? "" : ` ack:${ack}`,
    aft === undefined ? "" : ` aft:${aft}`,
    con === undefined ? "" : ` con:${con.name}${con.limit === 1 ? "" : `:${con.limit}`}`,
    exp === undefined ? "" : ` exp:${exp}`,
    fair === undefined ? "" : ` fair:${fair}`,
    grp === undefined ? "" : ` grp:${grp}`,
    key === undefined ? "" : ` idp:${key.name}${ttl}`,
    max === undefined ? "" : ` max:${max}`,
  ];
  return words.join("");
}

export interface ModelTube {
  readonly name: string;
  readonly number: number;
  using: number;
  readonly tally: Tally;
  readonly samples: ModelSamples;
  pauses: number;
  pauseMicros: number;
  pausedUntil: number | undefined;
  pinned: boolean;
  /** What is set for it, by the number of the setting. */
  readonly settings: Map<number, number>;
  /** When as many jobs may be handed out at once as ever. */
  full: number;
  /** When its rate lets it go on; undefined while it does. */
  opensAt: number | undefined;
  waiters: ModelConn[];
}

export interface ModelConn {
  readonly key: number;
  readonly thread: number;
  readonly token: number;
  who: string;
  readonly watched: Set<string>;
  waiting: boolean;
  generation: number;
  /** A grant was made and not collected, even if it ran out since. */
  calling: boolean;
  /** By which others know it. */
  token128: string | undefined;
  /** The lines that it is to be told; undefined when it did not ask for that. */
  notes: string[] | undefined;
  /** There is something new among them. */
  noted: boolean;
  /** The jobs whose end it awaits. */
  awaits: number[];
  /** Those of them whose tubes it is told. */
  watching: number[];
  /** What it is to be told of them; and whether some of that is new. */
  ends: ModelEnd[];
  isEnded: boolean;
  /** The job of the last grant that it collected, while it has done nothing since. */
  collected: ModelJob | undefined;
}

/** What a finished job left behind. */
export interface ModelResult {
  readonly id: number;
  readonly text: string;
  readonly until: number;
}

/** How a job ended, for somebody who awaited that. */
export interface ModelEnd {
  readonly id: number;
  /** OUTCOME_*. */
  readonly end: number;
  readonly text: string;
}

/** The events that are counted. */
export type Event = Exclude<keyof Tally, "reserves" | "failures" | "queue" | "process">;

/** Figures of statsShard that are not the model's to know. */
export const UNKNOWN_FIGURES = [
  C.SHARD_USED_BYTES,
  C.SHARD_TAKEN_BYTES,
  C.SHARD_CONTENDED,
  C.SHARD_ASIDE,
] as const;

/** The engine's numbers of the states. */
export const STATE_NUMBERS = {
  ready: C.STATE_READY,
  reserved: C.STATE_RESERVED,
  delayed: C.STATE_DELAYED,
  buried: C.STATE_BURIED,
  moving: C.STATE_MOVING,
} as const;

export function byPlace(a: ModelJob, b: ModelJob): number {
  return a.pri - b.pri || a.id - b.id;
}

export function byDeadline(a: ModelJob, b: ModelJob): number {
  return a.deadline - b.deadline || a.id - b.id;
}

export function show({ id, pri, body }: ModelJob): { id: number; pri: number; body: string } {
  return { id, pri, body };
}
