/* The stock of the model: what there is in a shard, and what can be asked about it by looking at
 * all of it. Nothing changes here but counts, and tubes that come and go. Used by model-states.ts.
 */
import * as C from "../../assembly/constants.ts";
import type { EngineFailure } from "./answers.ts";
import { byDeadline, byPlace } from "./model-parts.ts";
import type { Event, ModelConn, ModelCooldown, ModelJob, ModelTube } from "./model-parts.ts";
import type { ModelResult } from "./model-parts.ts";
import { ModelSamples } from "./model-samples.ts";
import { Tally } from "./tally.ts";

/** What a shard has. Tubes go by their names, connections by any key. */
export class ModelStock {
  readonly jobs = new Map<number, ModelJob>();
  readonly tubes = new Map<string, ModelTube>();
  readonly conns = new Map<number, ModelConn>();
  protected cooldowns: ModelCooldown[] = [];
  /** Dead jobs that are to leave, whose turn is next first; some may be gone. */
  protected leaving: number[] = [];
  /** How many jobs may be held with each concurrency key that a job has. */
  protected readonly limits = new Map<string, number>();
  results: ModelResult[] = [];
  /** Failures that a job keeps. */
  protected readonly keepsFailures: number;
  protected readonly tally = new Tally();

  constructor(keepsFailures = C.FAILURES_KEPT) {
    this.keepsFailures = keepsFailures;
  }

  conn(key: number): ModelConn {
    const conn = this.conns.get(key);
    if (conn === undefined) throw new RangeError(`no connection ${key}`);
    return conn;
  }

  /** The jobs that `conn` holds, an uncollected grant included, first deadline first. */
  heldBy(conn: ModelConn): ModelJob[] {
    return [...this.jobs.values()].filter((job) => job.holder === conn).toSorted(byDeadline);
  }

  protected grantOf(conn: ModelConn): ModelJob | undefined {
    return this.heldBy(conn).find((job) => job.granted);
  }

  protected heldJob(key: number, id: number): ModelJob | undefined {
    const job = this.jobs.get(id);
    return job?.state === "reserved" && job.holder?.key === key && !job.granted ? job : undefined;
  }

  protected ofKind(tube: string, kind: number): ModelJob[] {
    const jobs = [...this.jobs.values()].filter((job) => job.tube === tube);
    if (kind === C.KIND_READY) return jobs.filter((j) => j.state === "ready").toSorted(byPlace);
    if (kind === C.KIND_DELAYED)
      return jobs.filter((j) => j.state === "delayed" && !j.held).toSorted(byDeadline);
    return jobs.filter((j) => j.state === "buried").toSorted((a, b) => a.buriedAt - b.buriedAt);
  }

  /** As many as `limit` jobs with a key may be held, or more if others said so. */
  protected nameKey({ name, limit }: { name: string; limit: number }): void {
    this.limits.set(name, Math.max(limit, this.limits.get(name) ?? 0));
  }

  /** Forgets the limits of keys that no job has. */
  protected forgetKeys(): void {
    const live = new Set([...this.jobs.values()].map(({ tags }) => tags.con?.name));
    for (const name of this.limits.keys()) if (!live.has(name)) this.limits.delete(name);
  }

  /** Whether the group that a job waits for has a job. */
  protected mustWait({ tags: { aft } }: ModelJob): boolean {
    return aft !== undefined && [...this.jobs.values()].some(({ tags }) => tags.grp === aft);
  }

  /** Whether the key of a job that is not held is at its limit. */
  protected isBlocked({ tags: { con } }: ModelJob): boolean {
    if (con === undefined) return false;
    const held = [...this.jobs.values()].filter(
      ({ state, tags }) => state === "reserved" && tags.con?.name === con.name,
    );
    return held.length >= (this.limits.get(con.name) ?? 0);
  }

  /** How many jobs of a tube each key at its limit holds back, or each group. */
  heldBack(tube: string, way: "keysTaken" | "groupsAwaited"): Record<string, number> {
    const jobs = [...this.jobs.values()].filter((job) => job.tube === tube);
    const names =
      way === "keysTaken"
        ? jobs.filter((job) => job.state === "ready" && this.isBlocked(job)).map(keyOf)
        : jobs.filter(({ held }) => held).map(({ tags }) => tags.aft ?? "");
    const counts: Record<string, number> = {};
    for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  }

  /** The lowest ids of the jobs of a group, or of those that wait for it. */
  ofGroup(group: string, isWaiting: boolean, after: number, most: number): number[] {
    return [...this.jobs.values()]
      .filter(({ held, tags }) => (isWaiting ? held && tags.aft === group : tags.grp === group))
      .map(({ id }) => id)
      .filter((id) => id > after)
      .toSorted((a, b) => a - b)
      .slice(0, most);
  }

  /** The ready jobs of a tube of which one may be taken, best first. */
  protected takeable(tube: string): ModelJob[] {
    return this.ofKind(tube, C.KIND_READY).filter((job) => !this.isBlocked(job));
  }

  protected bestFor(conn: ModelConn): ModelJob | undefined {
    return [...this.jobs.values()]
      .filter((job) => job.state === "ready" && conn.watched.has(job.tube))
      .filter((job) => !this.isClosed(this.tubeOf(job.tube)) && !this.isBlocked(job))
      .toSorted(byPlace)[0];
  }

  /** Whether a tube hands out nothing, whatever is ready. */
  protected isClosed({ name, pausedUntil, opensAt, settings }: ModelTube): boolean {
    const held = [...this.jobs.values()].filter(
      ({ tube, state }) => tube === name && state === "reserved",
    );
    const isMostHeld = held.length >= (settings.get(C.SETTING_RESERVED) ?? Infinity);
    return pausedUntil !== undefined || opensAt !== undefined || isMostHeld;
  }

  /** Urgent, ready, reserved, delayed, buried. */
  protected counts(which: (job: ModelJob) => boolean): number[] {
    const jobs = [...this.jobs.values()].filter(which);
    const urgent = jobs.filter((job) => job.state === "ready" && job.pri < C.URGENT_BELOW).length;
    const states = ["ready", "reserved", "delayed", "buried"] as const;
    return [urgent, ...states.map((state) => jobs.filter((job) => job.state === state).length)];
  }

  protected watchersOf(name: string): number {
    return [...this.conns.values()].filter((conn) => conn.watched.has(name)).length;
  }

  protected tubeOf(name: string): ModelTube {
    const tube = this.tubes.get(name);
    if (tube === undefined) throw new RangeError(`no tube ${name}`);
    return tube;
  }

  protected findOrMake(name: string, number: number): ModelTube {
    const tube = this.tubes.get(name) ?? {
      name,
      number,
      using: 0,
      tally: new Tally(),
      samples: new ModelSamples(),
      pauses: 0,
      pauseMicros: 0,
      pausedUntil: undefined,
      pinned: false,
      settings: new Map<number, number>(),
      full: 0,
      opensAt: undefined,
      waiters: [],
    };
    this.tubes.set(name, tube);
    return tube;
  }

  /** The tube that a tube's dead jobs go to; "" when they stay. */
  protected deadTubeOf(name: string): string {
    const value = this.tubeOf(name).settings.get(C.SETTING_DEAD) ?? 0;
    return value === 0 ? "" : String.fromCharCode(value); // a letter, in every walk
  }

  /** Bytes of the bodies of a tube's jobs. */
  protected bytesOf(name: string): number {
    const jobs = [...this.jobs.values()].filter(({ tube }) => tube === name);
    return jobs.reduce((sum, { body }) => sum + body.length, 0);
  }

  protected forgetIfUnused(name: string): void {
    const tube = this.tubes.get(name);
    if (tube === undefined || tube.pinned || tube.using > 0 || this.watchersOf(name) > 0) return;
    if (tube.settings.size > 0) return;
    if (this.cooldowns.some((one) => one.tube === name)) return;
    if ([...this.jobs.values()].every((job) => job.tube !== name)) this.tubes.delete(name);
  }

  /** The failures that a job keeps, oldest first. */
  failuresOf(id: number): readonly EngineFailure[] {
    return this.jobs.get(id)?.failures.slice(-this.keepsFailures) ?? [];
  }

  protected failuresKept(): number {
    return [...this.jobs.values()].reduce((sum, job) => sum + this.failuresOf(job.id).length, 0);
  }

  protected count(tube: string, event: Event): void {
    this.tally[event]++;
    this.tubeOf(tube).tally[event]++;
  }

  /** Counts how long it took, or takes that away again with `by` -1. */
  protected countTime(tube: string, which: "queue" | "process", micros: number, by = 1): void {
    this.tally[which].count(micros, by);
    this.tubeOf(tube).tally[which].count(micros, by);
  }

  /** Microseconds since the ready job of the lowest id was put; -1 without one. */
  protected oldestMicros(name: string, now: number): number {
    const ready = this.ofKind(name, C.KIND_READY).toSorted((a, b) => a.id - b.id);
    return ready[0] === undefined ? -1 : now - ready[0].createdMicros;
  }
}

function keyOf({ tags }: ModelJob): string {
  return tags.con?.name ?? "";
}
