/*
 * Which replies wait for the journal: each for what it tells, and none for what others put.
 */
import { describe, expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { journalThat, World } from "../support/session-world.ts";
import type { End } from "../support/session-world.ts";

const PUT = "put 0 0 60 1\r\nx\r\n";

/** A server of one thread whose disk stands still from `freeze` to `thaw`. */
class Scene {
  readonly world: World;
  #safe = Infinity;

  constructor() {
    const safe = { safePosition: () => this.#safe, held: () => undefined };
    this.world = new World({ journal: journalThat(safe) });
  }

  connect(): End {
    return this.world.connect();
  }

  /** All that was answered is safe, and nothing more becomes so. */
  freeze(): void {
    const shard = this.world.shards[0]?.[0];
    this.#safe = shard?.field(C.RESULT_LSN) ?? 0;
  }

  thaw(): void {
    this.#safe = Infinity;
    this.world.wake(0);
    this.world.settle();
  }
}

/** With so many jobs that are safe, put by a connection that says nothing more. */
function sceneWith(jobs: number): Scene {
  const scene = new Scene();
  const first = scene.connect();
  for (let job = 1; job <= jobs; job++) expect(first.ask(PUT)).toBe(`INSERTED ${job}\r\n`);
  scene.freeze();
  return scene;
}

describe("while the disk stands still", () => {
  test("a job that is safe is handed out, although somebody's put waits", () => {
    const scene = sceneWith(2);
    const [producer, worker] = [scene.connect(), scene.connect()];
    expect(producer.ask(PUT)).toBe("");
    expect(worker.ask("reserve\r\nreserve-with-timeout 0\r\n")).toBe(
      "RESERVED 1 1\r\nx\r\nRESERVED 2 1\r\nx\r\n",
    );
    expect(worker.ask("touch 1\r\n")).toBe("TOUCHED\r\n");
    expect(producer.heard()).toBe("");
    scene.thaw();
    expect(producer.heard()).toBe("INSERTED 3\r\n");
  });

  test("a job that is not safe is handed out when it is", () => {
    const scene = sceneWith(0);
    const [producer, worker] = [scene.connect(), scene.connect()];
    expect([producer.ask(PUT), worker.ask("reserve\r\n")]).toEqual(["", ""]);
    scene.thaw();
    expect([producer.heard(), worker.heard()]).toEqual(["INSERTED 1\r\n", "RESERVED 1 1\r\nx\r\n"]);
  });

  test("one job that is not safe holds back those that are handed out with it", () => {
    const scene = sceneWith(1);
    const [producer, worker] = [scene.connect(), scene.connect()];
    producer.ask(PUT);
    expect(worker.ask("reserve\r\nreserve\r\n")).toBe("");
    scene.thaw();
    expect(worker.heard()).toBe("RESERVED 1 1\r\nx\r\nRESERVED 2 1\r\nx\r\n");
  });

  test("a connection hears nothing before what it asked for earlier", () => {
    const scene = sceneWith(2);
    const client = scene.connect();
    expect(client.ask("delete 1\r\n")).toBe("");
    expect(client.ask("reserve\r\n")).toBe("");
    scene.thaw();
    expect(client.heard()).toBe("DELETED\r\nRESERVED 2 1\r\nx\r\n");
  });

  test("nobody hears that a job is gone before that is safe", () => {
    const scene = sceneWith(1);
    const [client, other] = [scene.connect(), scene.connect()];
    expect([client.ask("delete 1\r\n"), other.ask("delete 1\r\n")]).toEqual(["", ""]);
    scene.thaw();
    expect([client.heard(), other.heard()]).toEqual(["DELETED\r\n", "NOT_FOUND\r\n"]);
  });

  test.each([
    ["kick 1", "KICKED 1"],
    ["kick-job 1", "KICKED"],
  ])("a job that %s makes ready is handed out when that is safe", (command, reply) => {
    const scene = new Scene();
    const [client, worker] = [scene.connect(), scene.connect()];
    client.ask(PUT);
    client.ask("reserve\r\nbury 1 0\r\n");
    scene.freeze();
    expect(client.ask(`${command}\r\n`)).toBe("");
    expect(worker.ask("reserve\r\n")).toBe("");
    scene.thaw();
    expect([client.heard(), worker.heard()]).toEqual([`${reply}\r\n`, "RESERVED 1 1\r\nx\r\n"]);
  });

  test("what no run answers waits with all that its thread holds", () => {
    const scene = sceneWith(1);
    const [producer, other] = [scene.connect(), scene.connect()];
    producer.ask(PUT);
    expect(other.ask("peek 1\r\nreserve\r\n")).toBe("");
    scene.thaw();
    expect(other.heard()).toBe("FOUND 1 1\r\nx\r\nRESERVED 1 1\r\nx\r\n");
  });

  test("a connection of which nothing is held is closed at once", () => {
    const scene = sceneWith(1);
    const [producer, other] = [scene.connect(), scene.connect()];
    producer.ask(`${PUT}quit\r\n`);
    other.ask("quit\r\n");
    expect([producer.isClosed, other.isClosed]).toEqual([false, true]);
    scene.thaw();
    expect([producer.heard(), producer.isClosed]).toEqual(["INSERTED 2\r\n", true]);
  });
});

test("a batch that meets a key is told so when the job is safe that another thread has put", () => {
  const disk = { safe: 0 };
  const safe = { safePosition: () => disk.safe, held: () => undefined };
  const world = new World({ threads: 2, ringBytes: 2 ** 20, journal: () => journalThat(safe) });
  const [first, second] = [world.connect(0), world.connect(1)];
  const put = "put 0 0 60 1 idp:k\r\nx\r\n";
  expect(first.ask(put)).toBe("");
  expect(second.ask(`batch 1\r\n${put}`)).toBe("");
  disk.safe = Infinity;
  for (const thread of [0, 1]) world.wake(thread);
  world.settle();
  expect([first.heard(), second.heard()]).toEqual([
    "INSERTED 1\r\n",
    "BATCH_REFUSED 1 INSERTED 1 READY\r\n",
  ]);
});
