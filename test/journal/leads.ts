/* Leads: a small server whose commits two threads lead, on the simulated disk, and what must hold
 * of it whoever commits. Used by lead.test.ts, moments.ts and mutants.ts.
 */
import * as C from "../../assembly/constants.ts";
import { Group } from "../../src/engine/group.ts";
import type { PutOrder } from "../../src/engine/orders.ts";
import type { Shard } from "../../src/engine/shard.ts";
import type { DurabilityLevel } from "../../src/journal/journal-parts.ts";
import { PROGRESS_NUMBERS } from "../../src/journal/journal-shard.ts";
import type { JournalShard } from "../../src/journal/journal-shard.ts";
import type { Lead } from "../../src/journal/lead.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { tagsOf } from "./bodies.ts";
import { Machine } from "./machine.ts";
import { Crash, NO_FAULTS, SimulatedDisk } from "./simulated-disk.ts";
import type { Code } from "./code.ts";
import { SEGMENT_BYTES } from "./world-options.ts";

/** A commit that was led did not do what it must. */
class LeadFailure extends Error {
  override readonly name = "LeadFailure";
  readonly code = "HM_TEST_LEAD";
}

const SMALL = 100;
/** Of such jobs a segment holds sixteen at most. */
export const LARGE = 8000;

/** A server of one shard, with a journal and two threads that lead. */
export class LedServer {
  readonly disk: SimulatedDisk;
  readonly journal: InstanceType<Code["Journal"]>;
  readonly leads: readonly [Lead, Lead];
  readonly recovered: number;
  /** Up to where replies may leave. */
  published = 0;
  /** Milliseconds that have passed. */
  clock = 0;
  readonly #code: Code;
  readonly #machine: Machine;
  #tube = 0;
  #conn = 0;

  /** On a disk of its own, or on what a server before it left. */
  constructor(code: Code, level: DurabilityLevel, disk?: SimulatedDisk) {
    this.disk = disk ?? new SimulatedDisk(randomFrom(1), code.StorageError);
    this.#code = code;
    const machine = new Machine(code.module, 1);
    this.#machine = machine;
    machine.reset(0, false);
    const progress = [new Float64Array(PROGRESS_NUMBERS)];
    const handles = (): readonly JournalShard[] =>
      machine.journalShards(code.JournalShard, progress);
    const { checksum } = machine;
    const shards = handles();
    const rest = { now: 0, strict: true, progress: () => undefined };
    const found = code.recover({ storage: this.disk, shards, checksum, ...rest });
    this.recovered = found.report.jobs;
    const parts = {
      storage: this.disk,
      options: { level, intervalMillis: 50, segmentBytes: SEGMENT_BYTES, comingBytes: 0 },
      state: new code.CommitState(),
      checksum,
      wallMicros: () => 0,
      monotonicMillis: () => this.clock,
      publish: (_: number, position: number) => void (this.published = position),
    };
    this.journal = new code.Journal({ ...parts, shards, random: () => 7, ...found });
    const lead = (): Lead => new code.Lead({ ...parts, shards: handles() });
    this.leads = [lead(), lead()];
    const { shard } = this;
    shard.openConn(0);
    this.#conn = shard.field(C.RESULT_REF);
    shard.input.set(new TextEncoder().encode("default"));
    shard.useTube(0, 7, 1);
    this.#tube = shard.field(C.RESULT_REF);
  }

  get shard(): Shard {
    const [shard] = this.#machine.shards;
    if (shard === undefined) throw new RangeError("no shard");
    return shard;
  }

  /** Puts a job; returns the position that its reply depends on. */
  put(bytes = SMALL): number {
    const id = this.shard.nextId();
    if (this.shard.put(this.#tube, id, 0, 0, 60, 0, bytes, 0) !== C.DONE)
      throw new LeadFailure("a put was refused");
    return this.shard.field(C.RESULT_LSN);
  }

  /** Puts a job whose replies wait for nothing; returns the position that its reply depends on. */
  putEarly(): number {
    const tags = tagsOf(" ack:memory");
    const { shard } = this;
    shard.tags.set(tags);
    const id = shard.nextId();
    if (shard.putTagged(this.#tube, id, 0, 0, 60, 0, SMALL, tags.length, 0) !== C.DONE)
      throw new LeadFailure("a put was refused");
    return shard.field(C.RESULT_LSN);
  }

  /** Puts so many jobs in one batch, with ids from the first on that is returned. */
  putTogether(count: number, bytes = SMALL): number {
    const { shard } = this;
    const orders = Array.from({ length: count }, (_, at): PutOrder => {
      if (shard.makeUpload(0, bytes) !== C.DONE) throw new LeadFailure("a put was refused");
      const upload = shard.address();
      const put = { index: at + 1, shard, tube: this.#tube, upload, bodyBytes: bytes, tagBytes: 0 };
      const rest = {
        key: undefined,
        pri: 0,
        delaySeconds: 0,
        ttrSeconds: 60,
        id: 0,
        goesAhead: false,
      };
      return { deed: "put", ...put, ...rest, answer: C.NONE };
    });
    const group = new Group([shard], { record: () => this.#conn }, () => shard);
    const open = { refusesPuts: false, refusesMoves: false, isRecorded: true };
    if (
      group.perform(orders, { does: true, ...open, movedBytesMax: Infinity, now: 0 }) !== undefined
    )
      throw new LeadFailure("a batch was refused");
    return orders[0]?.id ?? 0;
  }

  delete(id: number): void {
    this.shard.deleteJob(this.#conn, id, 0);
  }

  has(id: number): boolean {
    return this.shard.statsJob(id, 0) === C.DONE;
  }

  /** The server that comes again when the power goes, or only the process. */
  after(isPowerCut: boolean): LedServer {
    if (isPowerCut) this.disk.cutPower(() => false);
    else this.disk.stopProcess();
    return new LedServer(this.#code, "sync", this.disk);
  }

  /** The jobs that are there then. */
  jobsAfter(isPowerCut: boolean): number {
    return this.after(isPowerCut).recovered;
  }

  /** The machine stops at the next call of that kind. */
  crashAt(kind: string): void {
    this.disk.onCall = (called) => {
      if (called === kind) throw new Crash(kind);
    };
  }
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new LeadFailure(what);
}

/**
 * Two threads lead in turn, through some segments: each leaves to the journal what does not fit.
 * Returns how often that was. Throws a LeadFailure.
 */
export function leadThroughSegments(code: Code): number {
  const server = new LedServer(code, "sync");
  let left = 0;
  for (let at = 0; at < 40; at++) {
    const lsn = server.put(LARGE);
    if (server.leads[at % 2]?.commit() === "left") {
      left++;
      must(server.published < lsn, "what did not fit was published");
      server.journal.commit();
    }
    must(server.published === lsn, "a commit did not publish what there was");
  }
  must(server.jobsAfter(true) === 40, "jobs are lost that a leader had published");
  return left;
}

/**
 * A leader finds no space for its frame, and the journal writes it when there is some. Throws a
 * LeadFailure.
 */
export function leadWithoutSpace(code: Code): void {
  const server = new LedServer(code, "sync");
  const { published, journal, leads, disk } = server;
  server.put();
  disk.faults = { ...NO_FAULTS, refusal: 1 };
  must(leads[0].commit() === "left", "there was space");
  const lsn = server.put();
  must(leads[1].commit() === "left", "a leader went on after a frame that found no space");
  must(server.published === published, "what was not written was published");
  must(journal.isFull && !journal.canBeLed, "it does not show that there is no space");
  disk.faults = NO_FAULTS;
  journal.commit();
  must(server.published === lsn, "the journal did not write what was refused");
  must(!journal.isFull && journal.canBeLed, "it still shows that there is no space");
  must(server.jobsAfter(true) === 2, "a job is lost for which there was no space first");
}
