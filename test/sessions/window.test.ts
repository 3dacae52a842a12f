/*
 * Windows: what is sent unasked, in which order with what else is sent, when nothing is, and what
 * several shards and threads do meanwhile.
 */
import { describe, expect, test, vi } from "vitest";
import { COUNTER_WAITING } from "../../src/session/counters.ts";
import { SECOND, World, journalThat, tubeIn } from "../support/session-world.ts";

const BIG = 60_000;
const BAD_FORMAT = "BAD_FORMAT\r\n";
const TOKEN = "ab".repeat(16);

function put(bytes: number, ttr = 60): string {
  return `put 0 0 ${ttr} ${bytes}\r\n${"x".repeat(bytes)}\r\n`;
}

/** The words and ids of the lines that begin with these words. */
function linesOf(text: string, words = "JOB|LOST"): string[] {
  return [...text.matchAll(new RegExp(`^(${words}) (\\d+).*$`, "gm"))].map(
    ([, w, id]) => `${w} ${id}`,
  );
}

describe("a window", () => {
  test("is filled with one call, and filled again with one for a chunk of deletes", () => {
    const world = new World();
    const giver = world.connect();
    giver.ask(put(10).repeat(200));
    const worker = world.connect();
    const [shard] = world.shards[0] ?? [];
    if (shard === undefined) throw new Error("there is no shard");
    const [run, fill] = [vi.spyOn(shard, "run"), vi.spyOn(shard, "fill")];
    const ids = linesOf(worker.ask("window 64\r\n")).map((line) => line.slice(4));
    expect(ids).toEqual(Array.from({ length: 64 }, (_, index) => String(index + 1)));
    expect(fill).toHaveBeenCalledTimes(1);
    run.mockClear();
    fill.mockClear();
    const heard = worker.ask(ids.map((id) => `delete ${id}\r\n`).join(""));
    expect(heard.startsWith("DELETED\r\n".repeat(64))).toBe(true);
    expect(linesOf(heard)).toHaveLength(64);
    expect(run).toHaveBeenCalledTimes(1);
    expect(fill).toHaveBeenCalledTimes(1);
    expect(worker.writes).toBe(2);
    world.verify();
  });

  test("over several shards gives the best job first, and never more than it may", () => {
    const world = new World({ shards: 4, threads: 2 });
    const tubes = [0, 1, 2, 3].map((shard) => tubeIn(shard, 4));
    const giver = world.connect(1);
    for (const [index, tube] of tubes.entries())
      giver.ask(
        `use ${tube}\r\n${[3, 1, 2].map((pri) => `put ${pri}${index} 0 60 0\r\n\r\n`).join("")}`,
      );
    const worker = world.connect(0);
    worker.ask(tubes.map((tube) => `watch ${tube}\r\n`).join(""));
    const first = linesOf(worker.ask("window 6\r\n"));
    expect(first).toEqual([2, 5, 8, 11, 3, 6].map((id) => `JOB ${id}`));
    expect(linesOf(worker.ask("delete 2\r\ndelete 11\r\n"))).toEqual(["JOB 9", "JOB 12"]);
    worker.ask("window 20\r\n");
    expect(world.common.counters(0)[COUNTER_WAITING]).toBe(1);
    for (const tube of tubes) giver.ask(`use ${tube}\r\n${put(1).repeat(5)}`);
    world.settle();
    expect(linesOf(worker.heard())).toHaveLength(10);
    expect(world.common.counters(0)[COUNTER_WAITING]).toBe(0);
    const stats = giver.ask("stats\r\n");
    expect(stats).toContain("current-jobs-reserved: 20\n");
    expect(stats).toContain("current-jobs-ready: 10\n");
    world.verify();
  });

  test.each([1, 4])("draws jobs by weight where reserves do, in %d shards", (shards) => {
    const world = new World({ shards });
    const [heavy, light] = [tubeIn(0, shards, "heavy"), tubeIn(shards - 1, shards, "light")];
    const giver = world.connect();
    giver.ask(`use ${heavy}\r\n${"put 9 0 60 1\r\nx\r\n".repeat(60)}`);
    giver.ask(`use ${light}\r\n${"put 0 0 60 0\r\n\r\n".repeat(60)}`);
    const worker = world.connect();
    worker.ask(`watch ${light} 1\r\nwatch ${heavy} 9999\r\nreserve-mode weighted\r\n`);
    const drawn = worker.ask("window 50\r\n");
    expect(linesOf(drawn)).toHaveLength(50);
    expect([...drawn.matchAll(/^JOB \d+ 1 heavy/gm)].length).toBeGreaterThan(25);
    worker.ask("window 200\r\n");
    expect(giver.ask("stats\r\n")).toContain("current-jobs-reserved: 120\n");
    world.verify();
  });

  test("that is full by the time a grant is collected gives it back", () => {
    const world = new World({ shards: 4, threads: 2 });
    const tubes = [0, 1, 2].map((shard) => tubeIn(shard, 4));
    const worker = world.connect(0);
    worker.ask(`${tubes.map((tube) => `watch ${tube}\r\n`).join("")}window 1\r\n`);
    const giver = world.connect(1);
    for (const tube of tubes) giver.say(`use ${tube}\r\n${put(0)}`);
    expect(giver.heard().match(/INSERTED/g)).toHaveLength(3);
    world.settle();
    expect(linesOf(worker.heard())).toHaveLength(1);
    expect(giver.ask("stats\r\n")).toContain("current-jobs-ready: 2\n");
    world.verify();
  });

  test("that shrinks while a grant is under way gives it back", () => {
    const world = new World({ threads: 2 });
    const worker = world.connect(0);
    worker.ask("window 1\r\n");
    world.connect(1).say(put(1));
    worker.say("window 0\r\n");
    world.settle();
    expect(worker.heard()).toBe("WINDOW 0\r\n");
    expect(worker.ask("reserve\r\n")).toBe("RESERVED 1 1\r\nx\r\n");
    world.verify();
  });

  test("gives a reserve the job whose grant is under way", () => {
    const world = new World({ threads: 2 });
    const worker = world.connect(0);
    worker.ask("window 1\r\n");
    world.connect(1).say(put(1));
    worker.say("reserve\r\n");
    world.settle();
    expect(worker.heard()).toBe("RESERVED 1 1\r\nx\r\n");
    world.verify();
  });

  test("of a connection that goes leaves nothing behind", () => {
    const world = new World({ shards: 4, threads: 2 });
    const worker = world.connect(0);
    worker.ask("window 5\r\n");
    const giver = world.connect(1);
    giver.ask(put(1).repeat(3));
    giver.say(put(1));
    worker.drop();
    world.settle();
    const stats = giver.ask("stats\r\n");
    expect(stats).toContain("current-jobs-ready: 4\n");
    expect(stats).toContain("current-waiting: 0\n");
    world.verify();
  });

  test("is none of an observer's, nor is a session to vouch for, nor a name", () => {
    const world = new World();
    const heard: string[] = [];
    const observer = world.host().observe({
      backlogBytes: 0,
      peer: undefined,
      write: (bytes) => heard.push(Buffer.from(bytes).toString()) < 0,
      pause: () => undefined,
      resume: () => undefined,
      close: () => undefined,
    });
    observer.receive(Buffer.from(`window 1\r\nwindow 0\r\nsession\r\nvouch ${TOKEN} 1\r\n`));
    observer.receive(Buffer.from("client-name me\r\n"));
    expect(heard.join("")).toBe(BAD_FORMAT.repeat(5));
  });
});

describe("a client that does not read", () => {
  test("is sent no more jobs than the most output, and none is taken for it", () => {
    const world = new World({ limits: { maxOutputBytes: 200_000 } });
    const giver = world.connect();
    giver.ask(put(BIG).repeat(50));
    const worker = world.connect();
    worker.reads = false;
    const first = linesOf(worker.ask("window 40\r\n")).length;
    expect(first).toBeGreaterThan(3);
    expect(first).toBeLessThan(10);
    expect(giver.ask("stats\r\n")).toContain(`current-jobs-reserved: ${first}\n`);
    expect(giver.ask("stats\r\n")).toContain("current-waiting: 0\n");
    giver.ask(put(1));
    world.settle();
    expect(worker.heard()).toBe("");
    let jobs = first;
    for (let round = 0; round < 40 && jobs < 40; round++) {
      worker.read();
      world.settle();
      jobs += linesOf(worker.heard()).length;
    }
    expect(jobs).toBe(40);
    world.verify();
  });
});

describe("with a journal", () => {
  test("JOB waits until the job is safe, LOST does not wait for itself", () => {
    const safe = { position: 0 };
    const journal = journalThat({ safePosition: () => safe.position, held: () => undefined });
    const world = new World({ journal });
    const worker = world.connect();
    worker.say("window 1\r\n");
    expect(worker.heard()).toBe("WINDOW 1\r\n");
    world.connect().say(put(1, 1));
    world.settle();
    expect(worker.heard()).toBe("");
    safe.position = Infinity;
    world.settle();
    world.host().wake();
    expect(worker.heard()).toBe("JOB 1 1 default 1\r\nx\r\n");
    world.advance(1.1 * SECOND);
    expect(linesOf(worker.heard())).toEqual(["LOST 1", "JOB 1"]);
  });

  test("while nothing can be recorded there are no jobs, and window 0 all the same", () => {
    const safe = { safePosition: () => Infinity, held: () => undefined };
    const world = new World({ journal: journalThat(safe, { isReadOnly: true }) });
    const worker = world.connect();
    expect(worker.ask("window 1\r\n")).toBe("OUT_OF_MEMORY\r\n");
    expect(worker.ask("window 0\r\n")).toBe("WINDOW 0\r\n");
  });
});

describe("a lease that ends", () => {
  test("on another thread is told before the NOT_FOUND that it explains", () => {
    for (const shards of [1, 4]) {
      const world = new World({ shards, threads: 2 });
      const worker = world.connect(0);
      const other = world.connect(1);
      const tube = tubeIn(shards - 1, shards);
      worker.ask(
        `window 0\r\nuse ${tube}\r\nwatch ${tube}\r\n${put(1, 2)}${put(1, 2)}reserve\r\nreserve\r\n`,
      );
      world.nowMicros += 3 * SECOND;
      other.say(`delete 1\r\n`); // by whom the times to run are seen to be over
      expect(other.heard()).toBe("DELETED\r\n");
      worker.say("touch 1\r\nbury 2 0 3\r\nbad\r\n");
      expect(worker.heard()).toBe("LOST 1\r\nLOST 2\r\nNOT_FOUND\r\nNOT_FOUND\r\n");
      world.settle();
      expect(worker.heard()).toBe("");
      world.verify();
    }
  });

  test("on another thread makes room in a window when it is told, and no sooner", () => {
    const world = new World({ shards: 4, threads: 2 });
    const worker = world.connect(0);
    const other = world.connect(1);
    const [near, far] = [tubeIn(0, 4), tubeIn(3, 4)];
    worker.ask(`watch ${near}\r\nwatch ${far}\r\nwindow 2\r\n`);
    const first = worker.ask(`use ${far}\r\nput 5 0 2 1\r\nx\r\n`);
    expect(linesOf(first)).toEqual(["JOB 1"]);
    expect(linesOf(worker.ask(`use ${near}\r\n${put(1)}`))).toEqual(["JOB 2"]);
    worker.ask(put(1));
    world.nowMicros += 3 * SECOND;
    other.say("peek 1\r\n"); // by whom its time is seen to be over
    worker.say(put(1));
    expect(worker.heard()).toBe("INSERTED 4\r\n");
    world.settle();
    expect(linesOf(worker.heard())).toEqual(["LOST 1", "JOB 3"]);
    world.verify();
  });

  test.each([true, false])("is told before the job is reserved again (runs: %s)", (runs) => {
    for (const shards of [1, 4]) {
      const world = new World({ shards, threads: 2, runs });
      const worker = world.connect(0);
      const other = world.connect(1);
      worker.ask(`window 0\r\nuse t\r\nwatch t\r\n${put(1, 2)}reserve\r\n`);
      world.nowMicros += 3 * SECOND;
      other.say("peek 1\r\n");
      worker.say("reserve\r\n");
      expect(worker.heard()).toBe("LOST 1\r\nRESERVED 1 1\r\nx\r\n");
      world.nowMicros += 3 * SECOND;
      other.say("peek 1\r\n");
      worker.say("reserve-job 1\r\n");
      expect(worker.heard()).toBe("LOST 1\r\nRESERVED 1 1\r\nx\r\n");
      world.verify();
    }
  });

  test("is told behind a long body that is being sent", () => {
    const world = new World({ limits: { maxJobBytes: 1_000_000 } });
    const giver = world.connect();
    giver.ask(put(1, 1));
    const worker = world.connect();
    worker.ask("window 2\r\n");
    giver.ask(put(600_000));
    giver.ask("kick 1\r\n");
    worker.heard();
    worker.drop();
    world.settle();

    const reader = world.connect();
    reader.say("window 2\r\n");
    world.nowMicros += 2 * SECOND;
    giver.say("peek 1\r\n");
    world.advance(0);
    const heard = reader.heard();
    expect(linesOf(heard).slice(0, 2)).toEqual(["JOB 1", "JOB 2"]);
    const body = `JOB 2 2 default 600000\r\n${"x".repeat(600_000)}\r\n`;
    expect(heard).toContain(body);
    expect(linesOf(heard.slice(heard.indexOf(body) + body.length))).toEqual(["LOST 1", "JOB 1"]);
    world.verify();
  });

  test("is not told to whoever did not ask", () => {
    const world = new World();
    const worker = world.connect();
    worker.ask(`${put(1, 1)}reserve\r\n`);
    world.advance(2 * SECOND);
    expect(worker.heard()).toBe("");
  });
});

test("at the end of its memory a window is as large as there is memory for", () => {
  const world = new World({ sparePages: 24, cannotGrow: true });
  const worker = world.connect();
  const giver = world.connect();
  expect(worker.ask("window 1000\r\n")).toBe("WINDOW 1000\r\n");
  let answer = "";
  for (let jobs = 0; jobs < 20_000 && !answer.includes("OUT_OF_MEMORY"); jobs++)
    answer = giver.ask(put(50));
  expect(answer).toBe("OUT_OF_MEMORY\r\n");
  const held = linesOf(worker.heard());
  expect(held.length).toBeGreaterThan(10);
  const freed = worker.ask(held.map((line) => `delete ${line.slice(4)}\r\n`).join(""));
  expect(linesOf(freed).length).toBeGreaterThan(0);
  world.verify();
});
