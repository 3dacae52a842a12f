/* Explanation: from what is known of a job to the reason why it stands where it does, in a word and
 * in a line for people. Pure; used by explaining.ts.
 */

import { MICROS } from "../clock.ts";
import { BEFORE_MAX, REASONS } from "../protocol/explain.ts";
import type { Reason } from "../protocol/explain.ts";

/** A job's concurrency key. */
export interface StandingKey {
  readonly name: string;
  /** Most jobs with it that may be held, and how many are. */
  readonly limit: number;
  readonly held: number;
}

/** What is known of a job and its tube at one moment. */
export interface Standing {
  readonly state: string;
  readonly tube: string;
  readonly leftMicros: number;
  readonly isCancelled: boolean;
  readonly isMoving: boolean;
  /** Address of who holds it; "" when nobody does or it cannot be told. */
  readonly holder: string;
  readonly isPaused: boolean;
  readonly pauseLeftMicros: number;
  readonly isAtRate: boolean;
  readonly rateLeftMicros: number;
  /** As they are set; "" when they are not. */
  readonly rate: string;
  readonly reservedMax: string;
  readonly isAtReserved: boolean;
  /** Of its tube. */
  readonly reserved: number;
  readonly watching: number;
  readonly waiting: number;
  readonly key: StandingKey | undefined;
  /** The group that it waits for, if it does or will; and whether it does. */
  readonly group: string;
  readonly isParked: boolean;
  /** How many jobs are in that group. */
  readonly pending: number;
}

/** And what was found out about it, piece by piece. */
export interface Found {
  /** Ready jobs before it, perhaps more than BEFORE_MAX. */
  readonly before: number;
  /** Jobs that hold its key; some of them if there are many. */
  readonly keyJobs: readonly number[];
}

/** Whether its place among the ready jobs is what it waits for. */
export function isInLine({ state, isMoving }: Standing): boolean {
  return state === "ready" && !isMoving;
}

/** Whether no job more with its key may be reserved. */
export function isKeyTaken({ key }: Standing): boolean {
  return key !== undefined && key.held >= key.limit;
}

/** When each reason holds, for a job for which none before it does. */
const HOLDS: Readonly<Record<Reason, (job: Standing, found: Found) => boolean>> = {
  cancelled: ({ state, isCancelled }) => state === "reserved" && isCancelled,
  held: ({ state }) => state === "reserved",
  moving: ({ isMoving }) => isMoving,
  group: ({ isParked }) => isParked,
  delayed: ({ state }) => state === "delayed",
  buried: ({ state }) => state === "buried",
  paused: ({ isPaused }) => isPaused,
  rate: ({ isAtRate }) => isAtRate,
  reserved: ({ isAtReserved }) => isAtReserved,
  unwatched: ({ watching }) => watching === 0,
  key: isKeyTaken,
  behind: (_, { before }) => before > 0,
  busy: ({ waiting }) => waiting === 0,
  next: () => true,
};

/** What each says to people. */
const SAYS: Readonly<Record<Reason, (job: Standing, found: Found) => string>> = {
  cancelled: (job) => `it is cancelled, and gone when ${holderOf(job)} is done with it`,
  held: (job) => `${holderOf(job)} holds it and has ${seconds(job.leftMicros)} left`,
  moving: () => "it is on its way to another tube",
  group: ({ group, pending }) =>
    `it waits for the group ${group}, in which ${pending === 1 ? "1 job is" : `${pending} jobs are`} left`,
  delayed: ({ leftMicros }) => `its delay is over in ${seconds(leftMicros)}`,
  buried: () => "it is buried until it is kicked",
  paused: ({ pauseLeftMicros }) => `its tube is paused for ${seconds(pauseLeftMicros)} more`,
  rate: ({ rate, rateLeftMicros }) =>
    `its tube has come to its rate of ${rate} and goes on in ${seconds(rateLeftMicros)}`,
  reserved: ({ reservedMax }) => `as many jobs of its tube are reserved as may be, ${reservedMax}`,
  unwatched: () => "no connection watches its tube",
  key: ({ key }, { keyJobs }) =>
    `as many jobs with its key ${key?.name} are reserved as may be, ${key?.limit}: ${keyJobs.join(" ")}`,
  behind: ({ waiting, watching }, { before }) =>
    `${stand(before)} before it${waiting === 0 ? `, and ${noneWaits(watching)}` : ""}`,
  busy: ({ watching }) => `it is the next one, but ${noneWaits(watching)}`,
  next: () => "it is the next one, and about to be handed out",
};

/** The reason, and the line for people. */
export function explain(job: Standing, found: Found): { reason: Reason; why: string } {
  const reason = REASONS.map(({ word }) => word).find((word) => HOLDS[word](job, found)) ?? "next";
  const says = SAYS[reason](job, found);
  const isToldBefore = reason === "behind" || found.before === 0;
  return { reason, why: isToldBefore ? says : `${says}; ${stand(found.before)} before it` };
}

/** How many stand before it, as it is shown. */
export function shownBefore(before: number): string {
  return before > BEFORE_MAX ? `${BEFORE_MAX}+` : String(before);
}

function stand(before: number): string {
  return before === 1 ? "1 job stands" : `${shownBefore(before)} jobs stand`;
}

function holderOf({ holder }: Standing): string {
  return holder === "" ? "a connection" : holder;
}

function noneWaits(watching: number): string {
  if (watching === 1) return "the connection that watches its tube is busy";
  const all = watching === 2 ? "both" : `all ${watching}`;
  return `${all} connections that watch its tube are busy`;
}

/** Whole seconds, the one that has begun counted. */
function seconds(micros: number): string {
  return `${Math.max(0, Math.ceil(micros / MICROS))} s`;
}
