/* Batches whose jobs move, or are on their way, while the journal has not made everything safe:
 * what waits for what, and what others do meanwhile.
 */
import { describe, expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { journalThat, SECOND, tubeIn, World } from "../support/session-world.ts";
import type { End } from "../support/session-world.ts";

const SHARDS = 2;
const [LEFT, REACHED] = [0, 1];
const [FROM, TO] = [tubeIn(LEFT, SHARDS), tubeIn(REACHED, SHARDS)];
/** Turns after which whoever waits has had enough of them to go on if it could. */
const TURNS = 50;

/** A server with two shards, whose journal makes nothing safe where `stuck` says so. */
class Stage {
  readonly stuck = new Set<number>();
  readonly world: World;

  constructor() {
    const safePosition = (shard: number): number => (this.stuck.has(shard) ? 0 : Infinity);
    const gate = { safePosition, held: () => undefined };
    this.world = new World({ shards: SHARDS, journal: journalThat(gate) });
  }

  /** A worker of the tube that jobs leave. */
  worker(): End {
    const end = this.world.connect();
    expect(end.ask(`watch ${FROM}\r\nuse ${FROM}\r\n`)).toBe(`WATCHING 2\r\nUSING ${FROM}\r\n`);
    return end;
  }

  /** Lets everybody have some turns, whether or not somebody waits on. */
  someTurns(): void {
    for (let left = TURNS; left > 0; left--) {
      if (this.world.hasLater) this.world.goOn();
      this.world.wake(0);
    }
  }

  /** What was recorded in the shard is safe. */
  makeSafe(shard: number): void {
    this.stuck.delete(shard);
    this.world.wake(0);
    this.world.settle();
    this.world.verify();
  }

  has(shard: number, id: number): boolean {
    return this.world.shards[0]?.[shard]?.statsJob(id, this.world.nowMicros) === C.DONE;
  }
}

/** A job with a failure, of whose records nothing is safe. */
function failedJob(stage: Stage, worker: End): void {
  worker.ask("put 0 0 60 1\r\nx\r\nreserve\r\nbury 1 0\r\n");
  stage.stuck.add(LEFT);
}

describe("a batch that names a job on its way to another shard", () => {
  const batches = [
    ["delete 1\r\n", "DELETED\r\n"],
    ["delete-batch 1\r\n", "DELETED_BATCH 1 0\r\n"],
    [`move 1 ${FROM}\r\n`, "MOVED\r\n"],
  ] as const;
  test.each(batches)("waits until it is there: %j", (line, reply) => {
    const stage = new Stage();
    const [mover, other] = [stage.worker(), stage.worker()];
    failedJob(stage, mover);
    mover.say(`move 1 ${TO}\r\n`);
    other.say(`batch 1\r\n${line}`);
    stage.someTurns();
    expect(other.heard()).toBe("");
    stage.makeSafe(LEFT);
    expect(mover.heard()).toBe("MOVED\r\n");
    expect(other.heard()).toBe(`BATCH 1\r\n${reply}`);
  });

  test("waits too when it will be refused for what stands behind", () => {
    const stage = new Stage();
    const [mover, other] = [stage.worker(), stage.worker()];
    failedJob(stage, mover);
    mover.say(`move 1 ${TO}\r\n`);
    other.say("batch 2\r\ndelete 1\r\ndelete x\r\n");
    stage.someTurns();
    expect(other.heard()).toBe("");
    stage.makeSafe(LEFT);
    expect(other.heard()).toBe("BATCH_REFUSED 2 BAD_FORMAT\r\n");
  });

  test("waits no more when its connection ends", () => {
    const stage = new Stage();
    const [mover, other] = [stage.worker(), stage.worker()];
    failedJob(stage, mover);
    mover.say(`move 1 ${TO}\r\n`);
    other.say("batch 1\r\ndelete 1\r\n");
    stage.someTurns();
    other.drop();
    stage.makeSafe(LEFT);
    expect(stage.has(REACHED, 1)).toBe(true);
  });
});

describe("a batch that moves a job to another shard", () => {
  test("copies its failures once all is safe that was recorded of it", () => {
    const stage = new Stage();
    const worker = stage.worker();
    failedJob(stage, worker);
    worker.say(`batch 1\r\nmove 1 ${TO}\r\n`);
    stage.someTurns();
    expect([stage.has(LEFT, 1), stage.has(REACHED, 1)]).toEqual([true, false]);
    stage.makeSafe(LEFT);
    expect(worker.heard()).toBe("BATCH 1\r\nMOVED\r\n");
    expect([stage.has(LEFT, 1), stage.has(REACHED, 1)]).toEqual([false, true]);
  });

  test("takes along what was kept of the job while it waited", () => {
    const stage = new Stage();
    const [worker, other] = [stage.worker(), stage.worker()];
    failedJob(stage, worker);
    worker.say(`batch 1\r\nmove 1 ${TO}\r\n`);
    stage.someTurns();
    stage.stuck.clear();
    other.say(
      "kick-job 1\r\nreserve-job 1\r\nprogress 1 1\r\n%\r\nrelease 1 7 0 3\r\nwhy\r\npeek-failure 1\r\n",
    );
    stage.makeSafe(LEFT);
    expect(worker.heard()).toBe("BATCH 1\r\nMOVED\r\n");
    expect(other.heard()).toContain("FOUND 1 3\r\nwhy\r\n");
    expect(other.ask("peek-failure 1\r\npeek-progress 1\r\n")).toBe(
      "FOUND 1 3\r\nwhy\r\nFOUND 1 1\r\n%\r\n",
    );
    const stats = other.ask("stats-job 1\r\n");
    for (const line of ["pri: 7", "releases: 1", "kicks: 1", "failures: 2", `tube: "${TO}"`])
      expect(stats).toContain(line);
  });

  test("is refused when somebody takes the job while it waits, and leaves nothing", () => {
    const stage = new Stage();
    const [worker, other] = [stage.worker(), stage.worker()];
    failedJob(stage, worker);
    worker.say(`batch 2\r\nput 0 0 60 1\r\ny\r\nmove 1 ${TO}\r\n`);
    stage.someTurns();
    other.say("reserve-job 1\r\n");
    stage.makeSafe(LEFT);
    expect(worker.heard()).toBe("BATCH_REFUSED 2 NOT_FOUND\r\n");
    expect(other.ask(`move 1 ${TO}\r\n`)).toContain("MOVED\r\n");
    expect(other.ask("peek 2\r\n")).toBe("NOT_FOUND\r\n");
    other.ask("delete 1\r\n");
    stage.world.verify();
  });

  test("is refused when the job ends while it waits", () => {
    const stage = new Stage();
    const [worker, other] = [stage.worker(), stage.worker()];
    failedJob(stage, worker);
    worker.say(`batch 1\r\nmove 1 ${TO}\r\n`);
    stage.someTurns();
    other.say("delete 1\r\n");
    stage.makeSafe(LEFT);
    expect(worker.heard()).toBe("BATCH_REFUSED 1 NOT_FOUND\r\n");
    expect([stage.has(LEFT, 1), stage.has(REACHED, 1)]).toEqual([false, false]);
  });

  test("has others who move the job wait, also by a batch, until it is carried out", () => {
    const stage = new Stage();
    const [worker, mover, batcher] = [stage.worker(), stage.worker(), stage.worker()];
    failedJob(stage, worker);
    worker.say(`batch 1\r\nmove 1 ${TO}\r\n`);
    stage.someTurns();
    mover.say(`move 1 ${FROM}\r\n`);
    batcher.say(`batch 1\r\nmove 1 ${FROM}\r\n`);
    stage.someTurns();
    expect(mover.heard() + batcher.heard()).toBe("");
    stage.makeSafe(LEFT);
    expect(worker.heard()).toBe("BATCH 1\r\nMOVED\r\n");
    expect(mover.heard()).toBe("MOVED\r\n");
    expect(batcher.heard()).toBe("BATCH 1\r\nMOVED\r\n");
    expect(stage.has(LEFT, 1)).toBe(true);
  });

  test("gives the job up to others when its connection ends", () => {
    const stage = new Stage();
    const [worker, mover] = [stage.worker(), stage.worker()];
    failedJob(stage, worker);
    worker.say(`batch 1\r\nmove 1 ${TO}\r\n`);
    stage.someTurns();
    mover.say(`move 1 ${FROM}\r\n`);
    stage.someTurns();
    worker.drop();
    stage.makeSafe(LEFT);
    expect(mover.heard()).toBe("MOVED\r\n");
    expect(stage.has(LEFT, 1)).toBe(true);
  });

  test("waits for no batch that waits for it, whatever the order of their commands", () => {
    const stage = new Stage();
    const [one, two] = [stage.worker(), stage.worker()];
    one.ask(
      "put 0 0 60 1\r\nx\r\nput 0 0 60 1\r\ny\r\nreserve\r\nreserve\r\nbury 1 0\r\nbury 2 0\r\n",
    );
    stage.stuck.add(LEFT);
    one.say(`batch 2\r\nmove 1 ${TO}\r\nmove 2 ${FROM}\r\n`);
    two.say(`batch 2\r\nmove 2 ${TO}\r\nmove 1 ${FROM}\r\n`);
    stage.someTurns();
    stage.makeSafe(LEFT);
    expect(one.heard()).toBe("BATCH 2\r\nMOVED\r\nMOVED\r\n");
    expect(two.heard()).toBe("BATCH 2\r\nMOVED\r\nMOVED\r\n");
  });

  test("is not held up by a dead job that waits to be carried", () => {
    const stage = new Stage();
    const worker = stage.worker();
    worker.ask(`set-tube ${FROM} dead=${TO}\r\nput 0 0 60 1 max:1\r\nx\r\nreserve\r\n`);
    stage.stuck.add(LEFT);
    worker.say(`batch 1\r\nmove 1 ${TO} 3\r\nwhy\r\n`);
    stage.someTurns();
    stage.makeSafe(LEFT);
    stage.world.advance(2 * SECOND);
    expect(worker.heard()).toBe("BATCH 1\r\nMOVED\r\n");
    expect(worker.ask("stats-job 1\r\n")).toContain(`tube: "${TO}"`);
  });
});

test("without a journal a batch has as many moves, and as long bodies, as it may have bytes", () => {
  const world = new World({ shards: SHARDS });
  const worker = world.connect();
  const body = "x".repeat(60_000);
  const put = `put 0 0 60 ${body.length}\r\n${body}\r\n`;
  expect(worker.ask(`batch 5\r\n${put.repeat(5)}`)).toMatch(/^BATCH 5\r\n(INSERTED \d\r\n){5}$/);
  expect(worker.ask("put 0 0 60 1\r\ny\r\n".repeat(900))).toContain("INSERTED 905\r\n");
  const moves = Array.from({ length: 905 }, (_, at) => `move ${at + 1} ${TO}\r\n`).join("");
  expect(worker.ask(`batch 905\r\n${moves}`)).toBe(`BATCH 905\r\n${"MOVED\r\n".repeat(905)}`);
  world.verify();
});
