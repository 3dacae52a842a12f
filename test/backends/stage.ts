/*
 * Stage: what each test of the suite works with: a back end of one kind, hands that take its jobs,
 * and tubes that are the test's own. Made once for a kind; it registers what has to be done around
 * tests.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Capabilities, Consumer, ConsumeOptions } from "../../src/worker/backend.ts";
import type { HeldJob, PutOutcome, QueueBackend } from "../../src/worker/backend.ts";
import type { QueueStats, RawJob, RawStatus } from "../../src/worker/backend.ts";
import { until } from "../support/until.ts";
import { Hands, jobOf } from "./beds.ts";
import type { Bed, Kind } from "./beds.ts";

type Test = (name: string, run: () => Promise<void>) => void;

/** What the tests of one kind share. */
export class Stage {
  readonly kind: Kind;
  readonly can: Capabilities;
  /** A test of what takes time, of kinds whose time is virtual. */
  readonly virtual: Test;
  backend: QueueBackend = undefined as unknown as QueueBackend;
  bed: Bed = undefined as unknown as Bed;
  hands = new Hands();
  readonly #consumers: Consumer[] = [];
  #serial = 0;

  constructor(kind: Kind) {
    this.kind = kind;
    this.can = kind.can;
    this.virtual = this.where(kind.isVirtual);
    beforeAll(async () => {
      this.bed = await kind.open();
      ({ backend: this.backend } = this.bed);
    }, kind.patienceMs);
    beforeEach(() => {
      this.hands = new Hands();
      this.#serial++;
    });
    afterEach(async () => {
      await Promise.all(this.#consumers.splice(0).map((consumer) => consumer.close()));
    });
    afterAll(() => this.bed[Symbol.asyncDispose]());
  }

  /** A test of what only some back ends can do; that others refuse it is tested, too. */
  where(isAble: boolean): Test {
    return isAble ? test : () => undefined;
  }

  /** The name of a tube or of a key that no other test has. */
  readonly at = (name: string): string => (name === "default" ? name : `${name}-${this.#serial}`);

  readonly job = (text: string, about: Partial<RawJob> = {}): RawJob =>
    jobOf(text, { ...about, tube: this.at(about.tube ?? "work") });

  readonly consume = (tubes: readonly string[], options: ConsumeOptions): Consumer => {
    const consumer = this.backend.consume(tubes.map(this.at), options);
    this.#consumers.push(consumer);
    return consumer;
  };

  /** Consumers that are there now are closed by the test, or with the back end. */
  forget(): void {
    this.#consumers.length = 0;
  }

  readonly put = async (...jobs: readonly RawJob[]): Promise<readonly string[]> =>
    (await this.backend.put(jobs)).map(idOf);

  /** Takes a job by a consumer of its own. */
  readonly taken = async (window = 1): Promise<HeldJob> => {
    this.consume(["work"], { window, take: this.hands.take });
    return this.hands.next();
  };

  readonly seen = async (id: string): Promise<RawStatus> => {
    const status = await this.backend.status(id);
    if (status === undefined) throw new Error(`there is no job ${id}`);
    return status;
  };

  readonly listed = async (
    state: RawStatus["state"],
    tube = "work",
  ): Promise<readonly string[]> => {
    const ids: string[] = [];
    for await (const { id } of this.backend.list({ tube: this.at(tube), state })) ids.push(id);
    return ids;
  };

  /** There is no such job, as far as it can be asked. */
  async expectGone(id: string): Promise<void> {
    if (this.can.lookup) expect(await this.backend.status(id)).toBeUndefined();
  }

  /** Jobs are counted so: at once, or, where that is only known later, soon. */
  async expectCounts(jobs: Partial<QueueStats>, tube = "work"): Promise<void> {
    const { available, discarded } = jobs;
    const stats = (): Promise<QueueStats> => this.backend.stats(this.at(tube));
    if (this.can.stats === "all") {
      expect(await stats()).toMatchObject(jobs);
      return;
    }
    const wanted = Object.entries({ available, discarded }).filter(
      ([, count]) => count !== undefined,
    );
    let seen: QueueStats | undefined;
    await until(
      `${tube} has ${JSON.stringify(jobs)}`,
      async () => {
        seen = await stats();
        return wanted.every(([name, count]) => seen?.[name as keyof QueueStats] === count);
      },
      () => `but ${JSON.stringify(seen)}`,
    );
  }

  /** How many jobs of a tube may run now. */
  readonly ready = async (tube = "work"): Promise<number> =>
    (await this.backend.stats(this.at(tube))).available;
}

function idOf(outcome: PutOutcome): string {
  if ("error" in outcome) throw outcome.error;
  return outcome.id;
}
