/* A backlog put, and then drained: how fast either goes, how long somebody waits meanwhile who uses
 * another tube, and how large the server becomes.
 *
 * Who uses the other tube is a thread of its own, so that what is drained does not keep it from
 * hearing its answers.
 */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { Sample } from "../figures.ts";
import { residentBytes } from "../process-cost.ts";
import { Asker } from "./asker.ts";
import { FollowingWave, putConversation, REPLY_BYTES_MAX, ReserveWave } from "./dialect.ts";
import { tubeName, type Conversation } from "./dialect.ts";
import { Latency } from "./latency.ts";
import type { BacklogOrder, ServerAddress } from "./order.ts";
import { Talker } from "./talker.ts";

const LOOK_MILLIS = 100;
const OTHERS_BODY = "x".repeat(100);

/** Puts the jobs, drains them, and says how that went. */
export async function runBacklog(order: BacklogOrder, server: ServerAddress): Promise<Sample> {
  const { jobs, connections, pipelined, bodyBytes } = order;
  const waves = jobs / connections / pipelined;
  if (!Number.isInteger(waves))
    throw new Error(`the jobs are not a multiple of ${connections * pipelined}`);
  let processBytes = 0;
  const look = (): void => {
    processBytes = Math.max(processBytes, residentBytes(server.pid));
  };
  const looking = setInterval(look, LOOK_MILLIS);
  const all = (conversation: (connection: number) => Conversation): Promise<number> =>
    secondsOf(order, (connection) => talk(server.port, conversation(connection), waves));
  const putSeconds = await all((one) => putConversation(one, pipelined, bodyBytes));
  const others = new Others(server.port);
  await others.began;
  const drainSeconds = await all((one) => drainConversation(one, pipelined, bodyBytes));
  const waited = await others.end();
  clearInterval(looking);
  look();
  return {
    putsPerSecond: jobs / putSeconds,
    drainedPerSecond: jobs / drainSeconds,
    ...waited,
    processBytes,
  };
}

/** Seconds until all connections have done it. */
async function secondsOf(
  { connections }: BacklogOrder,
  run: (connection: number) => Promise<void>,
): Promise<number> {
  const began = performance.now();
  await Promise.all(Array.from({ length: connections }, (_, connection) => run(connection)));
  return (performance.now() - began) / 1000;
}

/** Says the whole conversation `times` over. */
async function talk(port: number, conversation: Conversation, times: number): Promise<void> {
  let left = times * conversation.waves.length;
  const talker = await Talker.open(port, conversation, {
    answered: () => undefined,
    completed: () => --left > 0,
  });
  await talker.talk();
}

/** reserve and delete what lies in the tube of the connection. */
function drainConversation(connection: number, pipelined: number, bodyBytes: number): Conversation {
  const tube = tubeName(connection);
  const reserves = new ReserveWave(pipelined, bodyBytes);
  return {
    prologue: [`watch ${tube}`, "ignore default"],
    waves: [reserves, new FollowingWave(reserves)],
    replyBytesMax: bodyBytes + REPLY_BYTES_MAX,
  };
}

/** What a thread that uses another tube has waited for each of its commands. */
type Waited = Required<Pick<Sample, "p50Micros" | "p99Micros">>;

/** Somebody who puts, reserves and deletes in another tube, one command at a time. */
class Others {
  /** Resolves when it has had its first answer. */
  readonly began: Promise<void>;
  readonly #worker: Worker;

  constructor(port: number) {
    this.#worker = new Worker(new URL(import.meta.url), { workerData: port });
    this.began = this.#next().then(() => undefined);
  }

  async end(): Promise<Waited> {
    const waited = this.#next();
    this.#worker.postMessage("end");
    return (await waited) as Waited;
  }

  #next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#worker.once("message", resolve);
      this.#worker.once("error", reject);
    });
  }
}

async function useOtherTube(port: number): Promise<Waited> {
  const asker = await Asker.open(port);
  const latency = new Latency();
  const timed = async (expected: string, command: string, body?: string): Promise<string> => {
    const began = performance.now();
    const { line, at } = await asker.expect(expected, command, body);
    latency.record((at - began) * 1000);
    return line;
  };
  await asker.expect("USING", "use others");
  await asker.expect("WATCHING", "watch others");
  await asker.expect("WATCHING", "ignore default");
  parentPort?.postMessage("began");
  const over = new AbortController();
  parentPort?.once("message", () => over.abort());
  while (!over.signal.aborted) {
    await timed("INSERTED", `put 0 0 60 ${OTHERS_BODY.length}`, OTHERS_BODY);
    const [, id = ""] = (await timed("RESERVED", "reserve")).split(" ");
    await timed("DELETED", `delete ${id}`);
  }
  asker.close();
  return { p50Micros: latency.percentileMicros(50), p99Micros: latency.percentileMicros(99) };
}

if (!isMainThread && typeof workerData === "number")
  parentPort?.postMessage(await useOtherTube(workerData));
