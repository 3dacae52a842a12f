/* The pipelined load: connections that repeat put, reserve, delete in waves, for a fixed time after
 * a warm-up.
 *
 * Throughput is counted per answered command inside the window only; CPU of the server and of this
 * process is read at the window's two ends; a wave's latency is from its one write to its last
 * reply.
 */
import type { Sample } from "../figures.ts";
import { cpuMicros } from "../process-cost.ts";
import { batchedConversation, taggedConversation, taggedPut, type Tagged } from "./additions.ts";
import { Asker } from "./asker.ts";
import {
  BODY_BYTES,
  beanstalkConversation,
  besideDefaultConversation,
  manyTubesConversation,
  mirrorConversation,
  putConversation,
  redisConversation,
  releaseConversation,
  tubeName,
  windowConversation,
  type Conversation,
} from "./dialect.ts";
import { Latency } from "./latency.ts";
import type { PipelinedOrder, ServerAddress } from "./order.ts";
import { Talker, type Listener } from "./talker.ts";

/** Commands per write while tubes are filled beforehand. */
const FILL_BATCH = 500;

/** Runs the load; rejects when the server errs or hangs up. */
export async function runPipelined(order: PipelinedOrder, server: ServerAddress): Promise<Sample> {
  if (order.tubes !== undefined)
    await fillTubes(server.port, order.tubes.watched, order.tubes.total);
  if (order.tagged?.settings !== undefined)
    await fillNumbers(server.port, order.tagged, order.tagged.settings);
  const window = new Window(order, server.pid);
  const opening = Array.from({ length: order.connections }, (_, connection) =>
    Talker.open(server.port, conversation(order, connection), window, server.scheme),
  );
  const talkers = await Promise.all(opening);
  window.begin();
  await Promise.all(talkers.map((talker) => talker.talk()));
  return window.sample();
}

function conversation(order: PipelinedOrder, connection: number): Conversation {
  if (order.dialect === "redis") return redisConversation(connection, order.pipelined);
  if (order.dialect === "mirror") return mirrorConversation(order.pipelined);
  if (order.besideDefault !== undefined)
    return besideDefault(order, connection % order.besideDefault);
  if (order.tagged !== undefined)
    return taggedConversation(connection, order.connections, order.pipelined, order.tagged);
  if (order.batch !== undefined)
    return batchedConversation(connection, order.pipelined, order.batch);
  if (order.cycle === "releases") return releaseConversation(connection, order.pipelined);
  if (order.cycle === "window") return windowConversation(connection, order.pipelined);
  if (order.cycle === "puts") return putConversation(connection, order.pipelined);
  if (order.tubes === undefined) return beanstalkConversation(connection, order.pipelined);
  return manyTubesConversation(connection, order.pipelined, order.tubes.watched);
}

function besideDefault({ cycle, pipelined }: PipelinedOrder, tube: number): Conversation {
  return cycle === "puts"
    ? putConversation(tube, pipelined)
    : besideDefaultConversation(tube, pipelined);
}

/**
 * Leaves one job in each of the tubes [from, to), which keeps them in being while nobody uses or
 * watches them.
 */
async function fillTubes(port: number, from: number, to: number): Promise<void> {
  const asker = await Asker.open(port);
  const body = "x".repeat(BODY_BYTES);
  await askForEach(from, to, (tube) => [
    asker.expect("USING", `use ${tubeName(tube)}`),
    asker.expect("INSERTED", `put 0 0 60 ${BODY_BYTES}`, body),
  ]);
  asker.close();
}

/** Leaves a job of each number in the first tube, for which something may be set. */
async function fillNumbers(port: number, tagged: Tagged, settings: string): Promise<void> {
  const asker = await Asker.open(port);
  await asker.expect("USING", `use ${tubeName(0)}`);
  if (settings !== "") await asker.expect("TUBE_SET", `set-tube ${tubeName(0)} ${settings}`);
  const body = "x".repeat(BODY_BYTES);
  await askForEach(0, tagged.keys, (number) => [
    asker.expect("INSERTED", taggedPut(tagged, number), body),
  ]);
  asker.close();
}

/** Asks something for each of the numbers [from, to), and for so many at a time. */
async function askForEach(
  from: number,
  to: number,
  ask: (number: number) => readonly Promise<unknown>[],
): Promise<void> {
  for (let first = from; first < to; first += FILL_BATCH) {
    const count = Math.min(FILL_BATCH, to - first);
    await Promise.all(Array.from({ length: count }, (_, at) => ask(first + at)).flat());
  }
}

/** Waits out the warm-up, then counts until the time is over. */
class Window implements Listener {
  readonly #order: PipelinedOrder;
  readonly #pid: number;
  readonly #latency = new Latency();
  #state: "warming" | "counting" | "over" = "warming";
  #commands = 0;
  #changesAt = 0;
  #openedAt = 0;
  #micros = 0;
  #serverMicros = 0;
  #loadMicros = 0;

  constructor(order: PipelinedOrder, pid: number) {
    this.#order = order;
    this.#pid = pid;
  }

  begin(): void {
    this.#changesAt = performance.now() + this.#order.warmUpSeconds * 1000;
  }

  answered(count: number): void {
    this.#commands += count;
  }

  completed(micros: number): boolean {
    if (this.#state === "counting") this.#latency.record(micros);
    const now = performance.now();
    if (now >= this.#changesAt) this.#change(now);
    return this.#state !== "over";
  }

  sample(): Sample {
    const { count } = this.#latency;
    if (count === 0) throw new Error("the window was too short: not one wave was completed in it");
    return {
      commandsPerSecond: (this.#commands / this.#micros) * 1e6,
      serverMicrosPerCommand: this.#serverMicros / this.#commands,
      serverBusyPercent: (this.#serverMicros / this.#micros) * 100,
      loadMicrosPerCommand: this.#loadMicros / this.#commands,
      loadBusyPercent: (this.#loadMicros / this.#micros) * 100,
      p50Micros: this.#latency.percentileMicros(50),
      p99Micros: this.#latency.percentileMicros(99),
    };
  }

  #change(now: number): void {
    const server = cpuMicros(this.#pid);
    const load = ownCpuMicros();
    if (this.#state === "warming") {
      this.#state = "counting";
      this.#commands = 0;
      this.#openedAt = now;
      this.#serverMicros = server;
      this.#loadMicros = load;
      this.#changesAt = now + this.#order.seconds * 1000;
    } else if (this.#state === "counting") {
      this.#state = "over";
      this.#micros = (now - this.#openedAt) * 1000;
      this.#serverMicros = server - this.#serverMicros;
      this.#loadMicros = load - this.#loadMicros;
      this.#changesAt = Number.POSITIVE_INFINITY;
    }
  }
}

function ownCpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
