/* A ledger of jobs that go through clients whose connections are cut at random: none is lost, none
 * is held by nobody, and a job that was worked on twice has a lost connection to blame.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Client } from "../../src/client/client.ts";
import { connectTo } from "../../src/client/connect.ts";
import { ClientConnection } from "../../src/client/connection.ts";
import type { ConnectionOptions } from "../../src/client/connection.ts";
import { clientSurroundings } from "../../src/runtimes/client-surroundings.ts";
import { SocketWire } from "../../src/transports/socket-wire.ts";
import { startOnUnixSocket } from "../dialogues/targets/homemaker.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { pause, until } from "../support/until.ts";
import { inDirectory } from "./places.ts";
import { outcome } from "./scripted-server.ts";

const JOBS = 800;
/** Puts that are under way at the same time. */
const LANES = 10;
const CUTS = 120;
const SEED = seedHere();

/** Connections that can be cut: what is sent then is lost on the way, and a moment later all is. */
class Cables {
  readonly #path: string;
  readonly #cuts = new Set<() => void>();

  constructor(path: string) {
    this.#path = path;
  }

  async open(options: ConnectionOptions): Promise<ClientConnection> {
    const socket = connect({ path: this.#path });
    await once(socket, "connect");
    let isCut = false;
    const connection = new ClientConnection((listener) => {
      const wire = new SocketWire(socket, listener);
      return {
        get backlogBytes(): number {
          return wire.backlogBytes;
        },
        send: (bytes) => isCut || wire.send(bytes),
        finish: () => wire.finish(),
        close: () => wire.close(),
      };
    }, options);
    this.#cuts.add(() => {
      isCut = true;
      setTimeout(() => connection.close(new Error("the cable is cut")), 2);
    });
    return connection;
  }

  /** Cuts each at the toss of a coin. */
  cut(random: Random): void {
    for (const cut of this.#cuts) {
      if (random.below(2) === 0) continue;
      this.#cuts.delete(cut);
      cut();
    }
  }
}

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
  replayable(SEED, "test/client/ledger.test.ts", () => inDirectory(worked)));

/** Puts jobs and works on them, while connections are cut, until all are done. */
async function worked(directory: string): Promise<void> {
  const path = join(directory, "socket");
  const server = await startOnUnixSocket(path);
  const cables = new Cables(path);
  const random = new Random(SEED);
  const open = (): Promise<Client> =>
    connectTo(
      `unix:${path}`,
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
  await server.stop();
}
