/* A ledger of jobs that go through clients whose connections are cut at random: none is lost, none
 * is held by nobody, and a job that was worked on twice has a lost connection to blame.
 */
import { expect, test } from "vitest";
import type { Client } from "../../src/client/client.ts";
import { connectTo } from "../../src/client/connect.ts";
import { clientSurroundings } from "../../src/runtimes/client-surroundings.ts";
import { LastingServer } from "../backends/lasting-server.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { pause, until } from "../support/until.ts";
import { Cables } from "./cables.ts";
import { outcome } from "./scripted-server.ts";

const JOBS = 800;
/** Puts that are under way at the same time. */
const LANES = 10;
const CUTS = 120;
const SEED = seedHere();

/** Puts a job, again and again until it is known to be there, and there once. */
async function putOnce(client: Client, text: string): Promise<void> {
  for (;;) {
    const end = await outcome(client.put(text, { tags: { idp: { key: text, ttlSeconds: 600 } } }));
    if (typeof end !== "string") return;
    if (end !== "HM_LOST") throw new Error(`${text}: ${end}`);
  }
}

/** How each attempt at each job ended. */
type Ledger = Map<string, unknown[]>;

async function work(
  client: Client,
  ledger: Ledger,
  random: Random,
  stop: AbortSignal,
): Promise<void> {
  for await (const job of client.jobs({ window: 5, signal: stop })) {
    if (random.below(20) === 0) await pause(random.below(4));
    const end = random.below(5) === 0 ? job.handBack() : job.delete().then(() => "deleted");
    const ends = ledger.get(job.text) ?? [];
    ledger.set(job.text, ends);
    ends.push(await outcome(end));
  }
}

test("no job is lost, and none is worked on twice without a reason", () =>
  replayable(SEED, "test/client/ledger.test.ts", worked));

/** Puts jobs and works on them, while connections are cut, until all are done. */
async function worked(): Promise<void> {
  const { address } = await LastingServer.start();
  const cables = new Cables(address);
  const random = new Random(SEED);
  const open = (): Promise<Client> =>
    connectTo(
      address,
      { timeoutMs: 30_000, backOffMaxMs: 50 },
      (name) => ({ name, open: (options) => cables.open(options) }),
      clientSurroundings(),
    );
  const [producer, ...workers] = await Promise.all([open(), open(), open()]);
  const stop = new AbortController();
  const ledger: Ledger = new Map();
  const working = workers.map((client) => work(client, ledger, random, stop.signal));
  const texts = Array.from({ length: JOBS }, (_, index) => `job-${index}`);
  const rest = texts.values();
  const putting = Array.from({ length: LANES }, async () => {
    for (const text of rest) await putOnce(producer, text);
  });
  for (let count = 0; count < CUTS; count++) {
    await pause(random.below(8));
    cables.cut(random);
  }
  await Promise.all(putting);
  await until("all is done", async () => {
    const stats = await producer.statsTube("default");
    const states = ["ready", "reserved", "delayed", "buried"];
    return states.every((state) => stats?.[`current-jobs-${state}`] === 0);
  });
  stop.abort();
  await Promise.all(working);
  expect([...ledger.keys()].toSorted()).toEqual(texts.toSorted());
  for (const [text, ends] of ledger) {
    const isKnown = (end: unknown): boolean => end === "deleted";
    const done = ends.filter(isKnown).length;
    const unknown = ends.filter((end) => end === "HM_LOST").length;
    const isDone = done === 1 || (done === 0 && unknown > 0);
    expect({ text, ends, isDone }).toEqual({ text, ends, isDone: true });
    expect(ends.slice(ends.findIndex(isKnown) + 1).filter(isKnown)).toEqual([]);
  }
  await Promise.all([producer, ...workers].map((client) => client.close()));
}
