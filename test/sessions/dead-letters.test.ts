/* Dead jobs on their way to dead-letter tubes: who awaits them meanwhile, and what is put off. */
import { expect, test, vi } from "vitest";
import * as C from "../../assembly/constants.ts";
import { journalSafeTo, SECOND, tubeIn, World } from "../support/session-world.ts";

const SHARDS = 2;
const [LEFT, REACHED] = [0, 1];
const [FROM, TO] = [tubeIn(LEFT, SHARDS), tubeIn(REACHED, SHARDS)];
const BESIDE = tubeIn(LEFT, SHARDS, "beside");
/** Jobs that die at once, far more than others can wait for. */
const MANY = 5000;
/** Most that are carried between two turns of others: a share that arrives, and one that leaves. */
const SHARE_MAX = 130;

/** A job of the tube in use that dies now, for a worker who watches that tube. */
function deadJob(tags = "max:1"): string {
  return `put 0 0 60 1 ${tags}\r\nx\r\nreserve\r\nrelease`;
}

test("who awaits a dead job before it is carried hears how it ends in the other tube", () => {
  const safe = [Infinity, Infinity];
  const world = new World({ shards: SHARDS, journal: journalSafeTo(safe) });
  const [worker, waiter] = [world.connect(), world.connect()];
  worker.ask(`set-tube ${FROM} dead=${TO}\r\nuse ${FROM}\r\nwatch ${FROM}\r\n`);
  worker.ask("put 0 0 60 1 max:1\r\nx\r\nreserve\r\n");
  safe[REACHED] = 0; // the copy is recorded, and not safe
  expect(worker.ask("bury 1 0\r\n")).toBe("BURIED\r\n");
  safe[LEFT] = 0;
  waiter.say("await 1\r\n");
  world.settle();
  safe.fill(Infinity);
  world.wake(0);
  world.settle();
  world.verify();
  expect(waiter.heard()).toBe("AWAITING\r\n");
  expect(worker.ask("stats-job 1\r\n")).toContain(`tube: "${TO}"`);
  worker.ask("delete 1\r\n");
  world.settle();
  expect(waiter.heard()).toBe("DONE 1 deleted 0\r\n\r\n");
});

test("who awaits one that is buried after all hears of that", () => {
  const world = new World({ limits: { maxTubes: 2 } });
  const [worker, waiter] = [world.connect(), world.connect()];
  worker.ask("use a\r\nwatch a\r\nset-tube a dead=nowhere\r\n");
  expect(worker.ask(`${deadJob()} 1 0 0\r\n`)).toContain("BURIED\r\n");
  expect(waiter.ask("await 1\r\n")).toBe("AWAITING\r\n");
  worker.ask("set-tube a dead=\r\n");
  world.advance(2 * SECOND);
  world.verify();
  expect(waiter.heard()).toBe("DONE 1 buried 0\r\n\r\n");
});

test("a dead job that finds no room holds up no other one", () => {
  const world = new World({ limits: { maxTubes: 3 } });
  const [stuck, other] = [world.connect(), world.connect()];
  stuck.ask("use a\r\nwatch a\r\nset-tube a dead=nowhere\r\n");
  other.ask("use b\r\nwatch b\r\nset-tube b dead=a\r\n");
  const many = 70; // more than are looked at in one turn
  for (let id = 1; id <= many; id++)
    expect(stuck.ask(`${deadJob()} ${id} 0 0\r\n`)).toContain("BURIED\r\n");
  world.advance(1);
  expect(world.host().nextDueMicros()).toBeGreaterThan(world.nowMicros);
  for (let id = many + 1; id <= many + 5; id++) {
    expect(other.ask(`${deadJob()} ${id} 0 0\r\n`)).toContain("BURIED\r\n");
    expect(other.ask("list-tube-used\r\n")).toBe("USING b\r\n"); // one turn more
    expect(other.ask(`stats-job ${id}\r\n`)).toContain('tube: "a"');
  }
  stuck.ask("set-tube a dead=b\r\n");
  world.advance(2 * SECOND);
  expect(other.ask("stats-tube b\r\n")).toContain(`current-jobs-ready: ${many}\n`);
  world.verify();
});

test.each([
  { way: "another shard", dead: { [FROM]: TO } },
  { way: "a tube of the shard that they are in", dead: { [FROM]: BESIDE } },
  { way: "both", dead: { [FROM]: TO, [BESIDE]: `${FROM}-dead` } },
])("of many that die at once a share goes to $way, then others have their turn", ({ dead }) => {
  const world = new World({ shards: SHARDS });
  const putter = world.connect();
  const tubes = Object.entries(dead);
  for (const [from, to] of tubes) {
    putter.ask(`set-tube ${from} dead=${to}\r\nuse ${from}\r\n`);
    putter.ask("put 0 0 60 1 exp:1\r\nx\r\n".repeat(MANY));
  }
  const carried = (): number => {
    const [, total] = /total-dead-letters: (\d+)/.exec(putter.say("stats\r\n").heard()) ?? [];
    return Number(total);
  };
  world.nowMicros += 2 * SECOND;
  world.host().tick();
  const shares: number[] = [carried()];
  while (carried() < MANY * tubes.length) {
    const before = carried();
    const turns: string[] = [];
    world.later(() => turns.push("others")); // behind what was put off before
    while (turns.length === 0) world.goOn();
    if (!world.hasLater) world.host().tick();
    shares.push(carried() - before);
  }
  expect(Math.max(...shares)).toBeLessThanOrEqual(SHARE_MAX);
  expect(shares.length).toBeLessThan((10 * MANY * tubes.length) / SHARE_MAX);
  world.verify();
});

test("what is put off waits, and nobody is busy with it", () => {
  const world = new World({ limits: { maxTubes: 2 } });
  const stuck = world.connect();
  stuck.ask("use a\r\nwatch a\r\nset-tube a dead=nowhere\r\n");
  expect(stuck.ask(`${deadJob()} 1 0 0\r\n`)).toContain("BURIED\r\n");
  expect(world.host().nextDueMicros()).toBe(world.nowMicros + SECOND);
  stuck.ask("delete 1\r\n");
  world.advance(2 * SECOND);
  expect(world.host().nextDueMicros()).toBeGreaterThan(world.nowMicros);
});

test("what is put off is looked at again when something has changed, not in every turn", () => {
  const world = new World({ limits: { maxTubes: 3 } });
  const [stuck, other] = [world.connect(), world.connect()];
  stuck.ask("use a\r\nwatch a\r\nset-tube a dead=nowhere\r\n");
  other.ask("use b\r\nwatch b\r\nset-tube b dead=a\r\n");
  const many = 100; // more than are looked at in one turn
  for (let id = 1; id <= many; id++) stuck.ask(`${deadJob()} ${id} 0 0\r\n`);
  const turn = (): void => void other.ask("list-tube-used\r\n");
  for (let turns = 0; turns < 5; turns++) turn();
  const [[shard] = []] = world.shards;
  if (shard === undefined) throw new Error("the world has a shard");
  const looks = vi.spyOn(shard, "nextDead");
  turn();
  expect(looks).not.toHaveBeenCalled();
  other.ask(`${deadJob()} ${many + 1} 0 0\r\n`);
  for (let turns = 0; turns < 5; turns++) turn();
  expect(other.ask(`stats-job ${many + 1}\r\n`)).toContain('tube: "a"');
  stuck.ask("set-tube a dead=\r\n");
  for (let turns = 0; turns < 5; turns++) turn();
  const [{ value: none } = {}] = looks.mock.results.slice(-1);
  expect(none).toBe(C.NONE); // none is to go any more, without a wait for those that were put off
  looks.mockClear();
  turn();
  expect(looks).not.toHaveBeenCalled();
  world.verify();
});
