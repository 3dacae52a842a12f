/* Looking: the operations of a walk that only look. Used by walk.ts. */
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import { Comparison } from "./comparison.ts";
import { STATE_NUMBERS, UNKNOWN_FIGURES } from "./model-parts.ts";
import { GROUPS, NAMES, THREADS, pick, pickNumber } from "./steps.ts";
import type { Operation, Session } from "./steps.ts";

/** Engine and model, looked at. */
export class Looking extends Comparison {
  /** The message that was said last of a job. */
  protected compareLastMessage(thread: number, id: number): void {
    const reply = this.engine.lastMessage(thread, id, this.now);
    const wanted = this.model.lastMessage(id, this.now);
    if (this.tight) return this.agreeBut(reply, wanted);
    deepStrictEqual(reply, wanted);
  }

  /** The operations that only look. */
  protected look(operation: Operation, session: Session | undefined, b: number, c: number): void {
    const [engine, model, now, t] = [this.engine, this.model, this.now, c % THREADS];
    const id = this.anyId(b);
    const name = pick(NAMES, b) ?? "";
    switch (operation) {
      case "peek":
        return this.agree(engine.peek(t, id, now), model.peek(id, now));
      case "peekTube": {
        if (session?.used === undefined) return;
        const { ref, name: used } = session.used;
        const kind = pickNumber([C.KIND_READY, C.KIND_DELAYED, C.KIND_BURIED], c);
        const reply = engine.peekTube(session.thread, ref, kind, now);
        return this.agree(reply, model.peekTube(used, kind, now));
      }
      case "readBody": {
        const position = (c * 131) % 210_000;
        return this.agree(engine.readBody(t, id, position), model.readBody(id, position));
      }
      case "statsJob": {
        const reply = this.sparing(engine.statsJob(t, id, now), [C.JOB_FAILURES_KEPT]);
        return this.agree(reply, this.sparing(model.statsJob(id, now), [C.JOB_FAILURES_KEPT]));
      }
      case "failures":
        this.agree(engine.tick(t, now), model.tick(now));
        return this.compareFailures(id);
      case "lastMessage":
        return this.compareLastMessage(t, id);
      case "statsTube": {
        const [reply, wanted] = [engine.statsTube(t, name, now), model.statsTube(name, now)];
        if (!this.tight) return this.agree(reply, wanted);
        // With little memory a tube may know fewer of its last times.
        const { samples: _, lastTimes: __, ...facts } = reply;
        const { samples: ___, lastTimes: ____, ...wantedFacts } = wanted;
        return this.agree(facts, wantedFacts);
      }
      case "statsShard": {
        const reply = this.without(engine.statsShard(t, now), UNKNOWN_FIGURES);
        const kept = [C.SHARD_FAILURES_KEPT];
        const wanted = this.sparing(model.statsShard(now), kept);
        return this.agree(this.sparing(reply, kept), wanted);
      }
      case "histograms": {
        const tube = c % 3 === 0 ? undefined : name;
        return deepStrictEqual(engine.histograms(t, tube), model.histograms(tube));
      }
      case "listJobs":
        return this.listJobs(t, name, b, c);
      case "peekReserved": {
        if (session?.used === undefined) return;
        const { ref, name: used } = session.used;
        // Whom it wakes, the first of several calls would say.
        this.agree(engine.tick(t, now), model.tick(now));
        const reply = engine.peekReserved(session.thread, ref, () => now);
        return this.agree(reply, model.peekReserved(used, now));
      }
      case "list":
        return deepStrictEqual(engine.listTubes(t), model.listTubes());
      default:
        if (session === undefined) return;
        strictEqual(engine.soonest(session.thread, session.ref), model.soonest(session.ref));
    }
  }

  /** Each way of looking finds the same. */
  protected listJobs(t: number, tube: string, b: number, c: number): void {
    const now = this.now;
    this.agree(this.engine.tick(t, now), this.model.tick(now));
    const states = ["ready", "reserved", "delayed", "buried"] as const;
    const some = pick([...this.model.jobs.values()], b >>> 2);
    const job = b % 4 === 0 ? undefined : some; // mostly where there is something
    const state = STATE_NUMBERS[job?.state ?? pick(states, c >>> 2) ?? "ready"];
    const after = c % 3 === 0 ? this.anyId(c) : 0;
    const order = { tube: job?.tube ?? tube, state, after, most: 1 + (c % 5) };
    const wanted = this.model.listJobs(order, now);
    for (const way of ["walk", "probe", "scan"] as const) {
      deepStrictEqual(
        this.engine.listJobs(t, way, order, () => now),
        wanted,
      );
    }
    const ids = wanted ?? [];
    deepStrictEqual(
      this.engine.describeJobs(t, order, ids, now),
      this.model.describeJobs(ids, now),
    );
    this.explainJob(t, this.anyId(c), now);
    const ready = [...this.model.jobs.values()].filter((one) => one.state === "ready");
    this.explainJob(t, pick(ready, b)?.id ?? 0, now);
    this.heldBack(t, order.tube, now);
    this.ofGroups(t, order, now);
  }

  /** By what jobs of a tube are held back. */
  protected heldBack(t: number, tube: string, now: number): void {
    if (!this.model.tubes.has(tube)) return;
    for (const way of ["keysTaken", "groupsAwaited"] as const) {
      const { jobs } = this.engine.heldBack(t, way, tube, now);
      deepStrictEqual(jobs, this.model.heldBack(tube, way));
    }
  }

  /** Who is in each group, and who waits for it. */
  protected ofGroups(
    t: number,
    { after, most }: { readonly after: number; readonly most: number },
    now: number,
  ): void {
    for (const group of GROUPS) {
      for (const isWaiting of [false, true]) {
        const { ids } = this.engine.listGroup(t, group, isWaiting, { after, most }, now);
        deepStrictEqual(ids, this.model.ofGroup(group, isWaiting, after, most));
      }
    }
  }

  /** What explainJob says is what the statistics say; and what stands before it is counted. */
  protected explainJob(t: number, id: number, now: number): void {
    const reply = this.engine.explainJob(t, id, now);
    const job = this.engine.statsJob(t, id, now);
    strictEqual(reply.answer, job.answer);
    if (reply.name === undefined) return;
    const tube = this.engine.statsTube(t, reply.name, now);
    const ofJob = [L.FACT_STATE, L.FACT_PRI, L.FACT_LEFT_MICROS, L.FACT_CANCELLED];
    const ofTube = [L.FACT_RESERVED, L.FACT_WATCHING, L.FACT_WAITING, L.FACT_PAUSE_LEFT_MICROS];
    deepStrictEqual(
      [...ofJob, ...ofTube].map((which) => reply.figures?.[which]),
      [
        ...[C.JOB_STATE, C.JOB_PRI, C.JOB_LEFT_MICROS, C.JOB_CANCELLED].map(
          (which) => job.figures?.[which],
        ),
        ...[C.TUBE_RESERVED, C.TUBE_WATCHING, C.TUBE_WAITING, C.TUBE_PAUSE_LEFT_MICROS].map(
          (which) => tube.figures?.[which],
        ),
      ],
    );
    const counted = this.engine.countBefore(t, id, () => now)?.count;
    const [least = 0, most = 0] = this.model.boundsBefore(id) ?? [];
    strictEqual(counted === undefined, job.figures?.[C.JOB_STATE] !== C.STATE_READY);
    if (counted !== undefined) ok(counted >= least && counted <= most, `${counted} before ${id}`);
  }
}
