/* API of tubes: the shape of what travels about tubes, and about the groups of jobs that stand
 * across them (api.ts has what holds for all).
 */
import type { JobState } from "./api-jobs.ts";

/** GET /tubes/NAME. */
export interface Tube {
  readonly name: string;
  readonly ready: number;
  readonly reserved: number;
  readonly delayed: number;
  readonly buried: number;
  readonly urgent: number;
  /** Jobs put since the tube was made. */
  readonly total: number;
  readonly deleted: number;
  /** Of those delayed, how many wait for a group. */
  readonly waitingForGroup: number;
  /** Connections that use the tube. */
  readonly using: number;
  /** Connections that watch the tube. */
  readonly watching: number;
  /** Connections that wait in a reserve for the tube. */
  readonly waiting: number;
  /** 0 when it is not paused. */
  readonly pauseSeconds: number;
  readonly pauseLeftSeconds: number;
  readonly ageOldestReadySeconds: number | null;
  /** Jobs are ready, and over the last minutes more came than went. */
  readonly isGrowing: boolean;
  /** Jobs are ready and no worker watches. */
  readonly isUnwatched: boolean;
}

/** What can be set for a tube, and what it is set to. */
export interface TubeSetting {
  readonly name: string;
  /** As set-tube has it; "" when it is not set. */
  readonly value: string;
  /** How a value is written. */
  readonly form: string;
  /** One line for people. */
  readonly summary: string;
}

/** GET /tubes/NAME. */
export interface TubeDetails extends Tube {
  /** Of the bodies of its jobs, in all states. */
  readonly bytes: number;
  readonly settings: readonly TubeSetting[];
}

/**
 * By what jobs of a tube are held back: those of the reasons of explain of which there are many.
 */
export type HoldReason = "paused" | "rate" | "reserved" | "key" | "group";

/** One thing that holds jobs back. */
export interface Hold {
  readonly reason: HoldReason;
  /** Of the key or the group; "" of the others. */
  readonly name: string;
  /** How many jobs it holds back. */
  readonly jobs: number;
  /** What is set: the rate, or how many may be reserved, of the tube or with the key; else "". */
  readonly limit: string;
  /** How many are reserved, of the tube or with the key; or how many are left in the group. */
  readonly taken: number;
  /** Until the pause is over, or the rate lets the next job go; else 0. */
  readonly leftSeconds: number;
}

/** GET /tubes/NAME/held-back. */
export interface HeldBackAnswer {
  /** What the tube itself does first, then the keys and groups with the most jobs, at most 100. */
  readonly holds: readonly Hold[];
  /** How many there are. */
  readonly holdCount: number;
  /** false when there were more keys or waiting jobs than are looked at. */
  readonly isWhole: boolean;
}

/** GET /groups/NAME: what `stats-group` says. */
export interface GroupAnswer {
  readonly name: string;
  /** Jobs that are in it, in whatever tube and state; and how many of these are buried. */
  readonly pending: number;
  readonly buried: number;
  /** Nobody is in it, and those that waited are being set free. */
  readonly isComplete: boolean;
  /** Jobs that wait until nobody is in it. */
  readonly waiting: number;
}

/** A job in a group, or that waits for it. */
export interface GroupJob {
  readonly id: number;
  readonly tube: string;
  readonly state: JobState;
  readonly pri: number;
  readonly ageSeconds: number;
  readonly reserves: number;
  readonly failures: number;
}

/** GET /groups/NAME/jobs?role=member|waiting&after=&limit= */
export interface GroupJobsAnswer {
  /** By their ids. */
  readonly jobs: readonly GroupJob[];
  /** The `after` of the next page; null at the end. */
  readonly next: number | null;
}

/** What tubes can be sorted by. */
export type TubeSort =
  | "name"
  | "ready"
  | "reserved"
  | "delayed"
  | "buried"
  | "total"
  | "age"
  | "waiting";

/** GET /tubes?search=&sort=&order=asc|desc&offset=&limit= */
export interface TubesAnswer {
  /** Of all that the search finds. */
  readonly total: number;
  readonly tubes: readonly Tube[];
}

/** POST /tubes/NAME/pause; 0 ends a pause. */
export interface PauseRequest {
  readonly seconds: number;
}

/** POST /tubes/NAME/settings: all of it or, where something is wrong, none. */
export interface SettingsRequest {
  /** Values by their names; "" takes one away, and what is not named stays as it is. */
  readonly settings: Readonly<Record<string, string>>;
}

/** POST /tubes/NAME/kick. */
export interface KickRequest {
  /** At most so many. */
  readonly count: number;
}

/** Answer of POST /tubes/NAME/kick. */
export interface KickAnswer {
  readonly kicked: number;
}

/** Answer of POST /tubes/NAME/flush: jobs that are gone. */
export interface FlushAnswer {
  readonly flushed: number;
}
