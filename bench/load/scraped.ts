/* One command at a time on a server with many tubes, while somebody else scrapes its metrics
 * without a pause, keeps a core busy, or nobody does.
 *
 * The scraper is a thread of its own, so that what it reads does not keep the one who measures from
 * hearing its answers.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { get } from "node:http";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { BOTH_CORES } from "../cores.ts";
import type { Sample } from "../figures.ts";
import { Asker } from "./asker.ts";
import { Latency } from "./latency.ts";
import type { ScrapedOrder, ServerAddress } from "./order.ts";

const BODY = "x".repeat(100);
const PUT = `put 0 0 60 ${BODY.length}`;
/** Tubes filled before their answers are awaited. */
const BATCH = 500;
const WARM_UP_MILLIS = 500;

/** Fills the tubes, then times put, reserve and delete in one of them. */
export async function runScraped(order: ScrapedOrder, server: ServerAddress): Promise<Sample> {
  const asker = await Asker.open(server.port);
  for (let tube = 0; tube < order.tubes; tube += BATCH) await fill(asker, tube, BATCH);
  await asker.expect("USING", "use measured");
  await asker.expect("WATCHING", "watch measured");
  await asker.expect("WATCHING", "ignore default");
  const scraper = order.beside === "scraper" ? new Scraper(server.httpPort) : undefined;
  const neighbour = order.beside === "neighbour" ? busyNeighbour() : undefined;
  const latency = new Latency();
  await cycle(asker, latency, performance.now() + WARM_UP_MILLIS);
  latency.reset();
  const began = performance.now();
  const scrapesBefore = scraper?.scrapes ?? 0;
  await cycle(asker, latency, began + order.seconds * 1000);
  const seconds = (performance.now() - began) / 1000;
  const scrapes = (scraper?.scrapes ?? 0) - scrapesBefore;
  await scraper?.end();
  neighbour?.kill("SIGKILL");
  asker.close();
  return {
    p50Micros: latency.percentileMicros(50),
    p99Micros: latency.percentileMicros(99),
    ...(scraper && { scrapesPerSecond: scrapes / seconds }),
  };
}

/** A job for each of `count` tubes. */
async function fill(asker: Asker, first: number, count: number): Promise<void> {
  const asked = Array.from({ length: count }, (_, at) => [
    asker.expect("USING", `use tube-${first + at}`),
    asker.expect("INSERTED", PUT, BODY),
  ]);
  await Promise.all(asked.flat());
}

async function cycle(asker: Asker, latency: Latency, until: number): Promise<void> {
  const timed = async (expected: string, command: string, body?: string): Promise<string> => {
    const began = performance.now();
    const { line, at } = await asker.expect(expected, command, body);
    latency.record((at - began) * 1000);
    return line;
  };
  while (performance.now() < until) {
    await timed("INSERTED", PUT, BODY);
    const [, id = ""] = (await timed("RESERVED", "reserve")).split(" ");
    await timed("DELETED", `delete ${id}`);
  }
}

/**
 * A process that keeps one of the two cores busy, as a server's main thread does that answers
 * scrapes; it ends by itself after a minute.
 */
function busyNeighbour(): ChildProcess {
  const spin = "const until = Date.now() + 60_000; while (Date.now() < until);";
  return spawn("taskset", ["-c", BOTH_CORES, process.execPath, "-e", spin], { stdio: "ignore" });
}

/** Somebody who scrapes again as soon as a scrape is there. */
class Scraper {
  scrapes = 0;
  readonly #worker: Worker;

  constructor(port: number | undefined) {
    if (port === undefined) throw new RangeError("the server has no HTTP port");
    this.#worker = new Worker(new URL(import.meta.url), { workerData: port });
    this.#worker.on("message", () => this.scrapes++);
    this.#worker.on("error", (error) => {
      throw error;
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

function scrape(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = get({ host: "127.0.0.1", port, path: "/metrics" }, (response) => {
      if (response.statusCode !== 200)
        reject(new Error(`a scrape answered ${response.statusCode}`));
      response.resume().on("end", resolve).on("error", reject);
    });
    asked.on("error", reject);
  });
}

if (!isMainThread && typeof workerData === "number") {
  for (;;) {
    await scrape(workerData);
    parentPort?.postMessage("scraped");
  }
}
