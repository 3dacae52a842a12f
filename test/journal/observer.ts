/* Observer: what the engine of a server shows of its jobs, looked at through its own calls. Made by
 * world.ts for each start of the server; called by the judge, and by the clients for what a failed
 * attempt left.
 */
import { crc32 } from "node:zlib";
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { shardOfTube } from "../../src/engine/shards.ts";
import { shownTags, tagWords } from "../../src/protocol/tags.ts";
import { bodyOf } from "./bodies.ts";
import { LedgerError } from "./ledger.ts";
import type { Changing, LedgerFailure, LedgerJob } from "./ledger.ts";
import type { Machine } from "./machine.ts";

/** A failure as the engine shows it. */
export interface ObservedFailure extends LedgerFailure {
  readonly number: number;
  /** Position of its record in the stream, unless the job's own lies behind that. */
  readonly lsn: number;
}

/** A job as the engine shows it. */
export interface Observed extends LedgerJob {
  readonly leftMicros: number;
  readonly ageMicros: number;
}

/** The failures of a job, in one line. */
export function factsOf({ failures }: Pick<LedgerJob, "failures">): string {
  return failures.map(({ facts }) => facts).join("; ");
}

/** One server's engine. */
export class Observer {
  readonly #machine: Machine;
  /** The wall clock at the engine's time 0. */
  readonly #wallBase: number;
  readonly #bring: (shard: Shard, id: number) => void;

  /** `bring` has a body read back, unless the server is gone. */
  constructor(machine: Machine, wallBase: number, bring: (shard: Shard, id: number) => void) {
    this.#bring = bring;
    this.#machine = machine;
    this.#wallBase = wallBase;
  }

  /** What the engine knows of a job: checks what never changes, returns what may. */
  observe(id: number, now: number): Observed | undefined {
    for (const shard of this.#machine.shards) {
      shard.peek(id, now);
      const toldAt = shard.field(C.RESULT_LSN);
      shard.result[C.RESULT_LSN] = 0;
      if (shard.statsJob(id, now) !== C.DONE) continue;
      if (shard.field(C.RESULT_LSN) !== toldAt)
        throw new LedgerError(`job ${id} is told too early`);
      const figure = (which: number): number => shard.field(C.RESULT_STATS + which);
      const state = figure(C.JOB_STATE);
      const tube = Buffer.from(
        shard.output.subarray(0, shard.field(C.RESULT_NAME_BYTES)),
      ).toString();
      const job = {
        id,
        tube,
        pri: figure(C.JOB_PRI),
        ttrSeconds: figure(C.JOB_TTR_SECONDS),
        delaySeconds: figure(C.JOB_DELAY_SECONDS),
        isBuried: state === C.STATE_BURIED,
        due: state === C.STATE_DELAYED ? 1 : 0,
        leftMicros: figure(C.JOB_LEFT_MICROS),
        ageMicros: figure(C.JOB_AGE_MICROS),
        tags: tagsIn(shard),
        leaves: this.#machine.isToLeave(id),
      };
      this.#bring(shard, id);
      shard.peek(id, now);
      const bodyBytes = shard.field(C.RESULT_BODY_BYTES);
      if (shard.field(C.RESULT_AWAY) === 0) checkBody(shard, id, bodyBytes);
      return { ...job, bodyBytes, failures: this.failuresOf(shard, id, now) };
    }
    return undefined;
  }

  /** All that is set for a tube, in one line; undefined for nothing. */
  settingsOf(tube: string, now: number): string | undefined {
    const name = Buffer.from(tube);
    const { shards } = this.#machine;
    const shard = shards[shardOfTube(name, 0, name.length, shards.length)];
    shard?.input.set(name);
    if (shard?.statsTube(0, name.length, now) !== C.DONE) return undefined;
    const values = new Float64Array(C.SETTINGS);
    const end = L.TUBE_SETTINGS + values.byteLength;
    new Uint8Array(values.buffer).set(shard.output.subarray(L.TUBE_SETTINGS, end));
    return values.every((value) => value === C.NOT_SET) ? undefined : values.join();
  }

  /** The cooldown of the key of a deleted job. */
  cooldownOf(id: number): Changing | undefined {
    if (!this.#machine.isCooling(id)) return undefined;
    return { tube: "", isBuried: false, pri: 0, delaySeconds: 0, failures: [] };
  }

  /** The result that a finished job left. */
  resultOf(id: number, now: number): Changing | undefined {
    for (const shard of this.#machine.shards) {
      if (shard.peekResult(id, 0, now) !== C.DONE) continue;
      const text = Buffer.from(shard.output.subarray(0, shard.field(C.RESULT_COUNT)));
      return resultAs(text);
    }
    return undefined;
  }

  /** The failures that a job of that shard keeps, oldest first. */
  failuresOf(shard: Shard, id: number, now: number): readonly ObservedFailure[] {
    const found: ObservedFailure[] = [];
    for (let last = 0; ;) {
      if (shard.nextFailure(id, last, now) !== C.DONE) return found;
      const shown = (which: number): number => shard.field(C.RESULT_STATS + which);
      const whoBytes = shard.field(C.RESULT_NAME_BYTES);
      const textBytes = whoBytes + shard.field(C.RESULT_COUNT);
      // Messages are shorter than an output slot.
      const text = Buffer.from(shard.output.subarray(0, textBytes));
      const number = shown(C.FAILURE_NUMBER);
      const at = this.#wallBase + shown(C.FAILURE_AT_MICROS);
      last = number;
      // Said by the server that found it charged, and no more: which attempt it was is lost.
      if (shown(C.FAILURE_ATTEMPT) === 0 && shown(C.FAILURE_END) === C.END_EXHAUSTED) continue;
      const figures = [number, shown(C.FAILURE_ATTEMPT), shown(C.FAILURE_END), at];
      found.push({
        number,
        facts: [...figures, whoBytes, shown(C.FAILURE_MESSAGE_BYTES), crc32(text)].join(" "),
        recordBytes: (L.FAILURE_BYTES + textBytes + 7) & ~7,
        lsn: shard.field(C.RESULT_LSN),
      });
    }
  }
}

/** What the ledger has of a result. */
export function resultAs(text: Uint8Array): Changing {
  const facts = `${text.length} ${crc32(text)}`;
  const plain = { tube: "", isBuried: false, pri: 0, delaySeconds: 0 };
  return { ...plain, failures: [{ facts, recordBytes: 0 }] };
}

/** The tags that statsJob left, each with a space in front. */
function tagsIn(shard: Shard): string {
  const from = shard.field(C.RESULT_NAME_BYTES);
  const entries = shard.output.slice(from, from + shard.field(C.RESULT_COUNT));
  return tagWords(shownTags(entries))
    .map((word) => ` ${word}`)
    .join("");
}

/** Compares a body, whose beginning is in the output slot. */
function checkBody(shard: Shard, id: number, bytes: number): void {
  const body = bodyOf(id, bytes);
  for (let at = 0; at < bytes; at += C.OUTPUT_BYTES) {
    if (at > 0) shard.readBody(id, at);
    const piece = body.subarray(at, at + C.OUTPUT_BYTES);
    if (piece.equals(shard.output.subarray(0, piece.length))) continue;
    throw new LedgerError(`job ${id} came back with another body`);
  }
}
