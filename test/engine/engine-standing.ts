/* The part of the engine's driver (engine.ts) that says why a job stands where it does. */
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Reply } from "./answers.ts";
import { VerifyBuild } from "./verify-build.ts";

const FIGURES = L.FACT_PARKED + 1;
const PIECES_MAX = 1000;

/** A shard, driven call by call. */
export class EngineStanding extends VerifyBuild {
  /** What explainJob says, FACT_*, with the name of the tube. */
  explainJob(t: number, id: number, now: number): Reply {
    const reply = this.withFigures(t, this.raw(t).explainJob(t, id, now), FIGURES);
    if (reply.answer !== "DONE") return reply;
    return { ...reply, name: this.outputText(t, this.thread(t).field(C.RESULT_NAME_BYTES)) };
  }

  /**
   * How many jobs come before a ready one, counted to the end or up to `most`, and in how many
   * pieces; `between` is called between two of them, and `now` is asked for each.
   */
  countBefore(
    t: number,
    id: number,
    now: () => number,
    { most = Infinity, between = (): void => undefined } = {},
  ): { readonly count: number; readonly pieces: number } | undefined {
    const since = this.explainJob(t, id, now()).figures?.[L.FACT_SINCE] ?? 0;
    let [part, lane, pri, last] = [0, 0, 0, 0];
    let count = 0;
    for (let pieces = 1; pieces <= PIECES_MAX; pieces++) {
      const left = Math.min(most - count, 0xffff_ffff);
      const code = this.raw(t).countBefore(t, id, since, part, lane, pri, last, left, now());
      const { answer } = this.reply(t, code);
      const thread = this.thread(t);
      const place = (which: number): number => thread.field(C.RESULT_STATS + which);
      if (answer === "NOT_FOUND" && pieces === 1) return undefined;
      if (answer === "NOT_FOUND") [count, part, lane, pri, last] = [0, 0, 0, 0, 0];
      else {
        count += thread.field(C.RESULT_COUNT);
        if (answer === "DONE") return { count, pieces };
        [part, lane] = [place(L.COUNT_PART), place(L.COUNT_LANE)];
        [pri, last] = [place(L.COUNT_PRI), place(L.COUNT_ID)];
      }
      between();
    }
    throw new RangeError("a count that does not end");
  }

  /** The jobs that hold the key of a slot, and in how many pieces they were found. */
  keyHolders(
    t: number,
    slot: number,
    most: number,
    now: () => number,
  ): { readonly ids: readonly number[]; readonly pieces: number } {
    const ids: number[] = [];
    let [conn, major, minor] = [0, 0, 0];
    for (let pieces = 1; ; pieces++) {
      const code = this.raw(t).keyHolders(t, slot, most - ids.length, conn, major, minor, now());
      const { answer } = this.reply(t, code);
      const thread = this.thread(t);
      const place = (which: number): number => thread.field(C.RESULT_STATS + which);
      const found = thread.field(C.RESULT_COUNT);
      ids.push(...Array.from({ length: found }, (_, i) => thread.output.readDoubleLE(8 * i)));
      if (answer === "DONE") return { ids, pieces };
      [conn, major, minor] = [place(C.PLACE_CONN), place(C.PLACE_MAJOR), place(C.PLACE_MINOR)];
    }
  }

  /** How many jobs each key, or group, holds back, and in how many pieces that was found. */
  heldBack(
    t: number,
    way: "keysTaken" | "groupsAwaited",
    tube: string,
    now: number,
  ): { readonly jobs: Readonly<Record<string, number>>; readonly pieces: number } {
    const jobs: Record<string, number> = {};
    const place = way === "keysTaken" ? C.PLACE_MAJOR : C.PLACE_MINOR;
    for (let from = 0, pieces = 1; ; pieces++) {
      const bytes = this.write(t, tube);
      const { answer } = this.reply(t, this.raw(t)[way](t, 0, bytes, from, now));
      for (const [name, count] of this.#entries(t)) jobs[name] = (jobs[name] ?? 0) + count;
      if (answer === "DONE") return { jobs, pieces };
      if (answer !== "MORE") throw new RangeError(`${way} answered ${answer}`);
      from = this.thread(t).field(C.RESULT_STATS + place);
    }
  }

  *#entries(t: number): Generator<readonly [name: string, jobs: number]> {
    const { output } = this.thread(t);
    let at = 0;
    for (let left = this.thread(t).field(C.RESULT_COUNT); left > 0; left--) {
      const end = at + L.BACK_NAME + output.readUInt32LE(at + L.BACK_NAME_BYTES);
      const name = output.toString("latin1", at + L.BACK_NAME, end);
      yield [name, output.readUInt32LE(at + L.BACK_JOBS)];
      at = Math.ceil(end / 8) * 8;
    }
  }

  /**
   * The lowest ids of the jobs of a group, or of those that wait for it, and in how many pieces
   * they were found; `between` is called between two of them.
   */
  listGroup(
    t: number,
    group: string,
    isWaiting: boolean,
    { after = 0, most = 100, between = (): void => undefined },
    now: number,
  ): { readonly ids: readonly number[]; readonly pieces: number } {
    const { listGroup } = this.raw(t);
    const [role, end] = [isWaiting ? 1 : 0, C.NEVER_MICROS];
    let ids: number[] = [];
    let [number, classes] = [0, 0];
    for (let pieces = 1; ; pieces++) {
      const bytes = this.write(t, group);
      const code = listGroup(t, 0, bytes, role, after, end, most, number, classes, now);
      const { answer } = this.reply(t, code);
      const thread = this.thread(t);
      const count = thread.field(C.RESULT_COUNT);
      const found = Array.from({ length: count }, (_, at) => thread.output.readDoubleLE(8 * at));
      ids = [...ids, ...found].toSorted((a, b) => a - b).slice(0, most);
      if (answer === "DONE") return { ids, pieces };
      number = this.ref(t);
      classes = thread.field(C.RESULT_STATS + C.LIST_CLASSES);
      between();
    }
  }
}
