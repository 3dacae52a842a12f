/* A crowd with windows: producers, and workers that are sent jobs unasked over several tubes,
 * change the sizes of their windows, let times run out, and hang up; for a bounded time, and then
 * until nothing is left.
 *
 * What a worker sees is judged as it comes: no more jobs than its window, none behind WINDOW 0, no
 * NOT_FOUND without a LOST before it, no LOST of a job that it does not hold. What all see goes
 * into the ledger, as reserves of a plain crowd do.
 */
import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ClientConnection } from "../../src/client/connection.ts";
import { SocketWire } from "../../src/transports/socket-wire.ts";
import { Random } from "../support/random.ts";
import type { Entry } from "./entries.ts";

/** What a crowd needs. */
export interface WindowCrowdOptions {
  connect(): Promise<Socket>;
  readonly seed: number;
  readonly producers: number;
  readonly workers: number;
  /** Jobs that each producer puts. */
  readonly jobs: number;
}

/** What the crowd saw. */
export interface WindowCrowdReport {
  readonly entries: readonly Entry[];
  readonly problems: readonly string[];
  /** How many leases were told lost. */
  readonly losses: number;
}

const TUBES = Array.from({ length: 12 }, (_, index) => `tube-${index}`);
const SIZES = [1, 1, 2, 5, 20, 100];
const LONG_TTR_SECONDS = 120;
const SHORT_TTR_SECONDS = 1;
const PATIENCE_MS = 60_000;
/** Jobs that may be under way at once. */
const BACKLOG_MAX = 800;

/** Lets a crowd loose on a server that holds no jobs. */
export async function runWindowCrowd(options: WindowCrowdOptions): Promise<WindowCrowdReport> {
  const crowd = new WindowCrowd(options);
  const workers = Array.from({ length: options.workers }, (_, index) => crowd.work(index));
  await Promise.all(Array.from({ length: options.producers }, (_, index) => crowd.produce(index)));
  await crowd.finish();
  await Promise.all(workers);
  return crowd;
}

class WindowCrowd implements WindowCrowdReport {
  readonly entries: Entry[] = [];
  readonly problems: string[] = [];
  losses = 0;
  underWay = 0;
  isProducing = true;
  isOver = false;
  readonly #options: WindowCrowdOptions;
  #clients = 0;

  constructor(options: WindowCrowdOptions) {
    this.#options = options;
  }

  async open(pushed?: Worker["pushed"]): Promise<ClientConnection> {
    const socket = await this.#options.connect();
    return new ClientConnection(
      (listener) => new SocketWire(socket, listener),
      pushed === undefined ? {} : { pushed },
    );
  }

  async produce(index: number): Promise<void> {
    const random = new Random(this.#options.seed + index);
    const client = await this.open();
    for (let count = 0; count < this.#options.jobs; count++) {
      while (this.underWay >= BACKLOG_MAX) await nextTurn();
      const tube = random.pick(TUBES);
      const pri = random.below(4);
      const ttr = random.oneIn(6) ? SHORT_TTR_SECONDS : LONG_TTR_SECONDS;
      const body = `job ${index}.${count} `.padEnd(random.between(12, 200), "x");
      await client.ask(`use ${tube}`);
      const from = performance.now();
      const { args } = await client.ask(`put ${pri} 0 ${ttr} ${body.length}`, Buffer.from(body));
      const to = performance.now();
      const job = Number(args[0]);
      this.underWay++;
      this.entries.push({
        what: "put",
        job,
        tube,
        pri,
        body,
        ready: true,
        ttrMs: ttr * 1000,
        from,
        to,
      });
    }
    client.close();
  }

  async work(index: number): Promise<void> {
    const random = new Random(this.#options.seed + 1_000_000 + index);
    while (!this.isOver) {
      const worker = new Worker(this, ++this.#clients, random);
      await worker.open();
      while (!this.isOver && !worker.isGone) await worker.shift();
      worker.close();
    }
  }

  /** No more is put: all that is there comes to its end. */
  async finish(): Promise<void> {
    this.isProducing = false;
    const control = await this.open();
    const giveUpAt = performance.now() + PATIENCE_MS;
    let stats = "";
    do {
      await nextTurn();
      stats = Buffer.from((await control.ask("stats")).body).toString();
    } while (!isEmpty(stats) && performance.now() < giveUpAt);
    if (!isEmpty(stats)) this.problems.push(`the queue did not run empty: ${stats}`);
    this.isOver = true;
    control.close();
  }
}

/** One worker on one connection. */
class Worker {
  readonly #crowd: WindowCrowd;
  readonly #client: number;
  readonly #random: Random;
  #connection: ClientConnection | undefined;
  /** Jobs that it was sent and has not settled, nor lost. */
  readonly #held = new Set<number>();
  /** Jobs that are being settled. */
  readonly #settling = new Set<number>();
  /** How often each job was told lost. */
  readonly #losses = new Map<number, number>();
  /** The largest size that may be in force. */
  #most = 0;
  #openedAt = 0;
  isGone = false;

  constructor(crowd: WindowCrowd, client: number, random: Random) {
    this.#crowd = crowd;
    this.#client = client;
    this.#random = random;
  }

  async open(): Promise<void> {
    const connection = await this.#crowd.open(this.pushed);
    this.#connection = connection;
    const tubes = this.#crowd.isProducing
      ? Array.from({ length: this.#random.between(1, 6) }, () => this.#random.pick(TUBES))
      : TUBES; // so that each tube has its workers in the end
    for (const tube of tubes) await connection.ask(`watch ${tube}`);
    await this.#resize(this.#random.pick(SIZES));
  }

  readonly pushed = ({ word, args, body }: Push): void => {
    const job = Number(args[0]);
    if (word === "LOST") this.#lose(job);
    else this.#receive(job, args, Buffer.from(body).toString());
  };

  #receive(job: number, args: readonly string[], body: string): void {
    const { entries } = this.#crowd;
    if (this.#held.has(job)) this.#complain(`was sent job ${job} although it holds it`);
    this.#held.add(job);
    if (this.#held.size > this.#most)
      this.#complain(`holds ${this.#held.size} jobs in a window of ${this.#most}`);
    const to = performance.now();
    const from = Math.min(this.#openedAt, to);
    entries.push({ what: "reserve", client: this.#client, job, body, tubes: [], from, to });
    if (Number(args[1]) < 1) this.#complain(`was sent job ${job} as attempt ${args[1]}`);
  }

  #lose(job: number): void {
    if (!this.#held.has(job) && !this.#settling.has(job))
      this.#complain(`was told that job ${job} is lost, which it does not hold`);
    this.#held.delete(job);
    this.#losses.set(job, this.#lossesOf(job) + 1);
    this.#crowd.losses++;
  }

  #lossesOf(job: number): number {
    return this.#losses.get(job) ?? 0;
  }

  #complain(problem: string): void {
    this.#crowd.problems.push(`client ${this.#client} ${problem}`);
  }

  /** Does something. */
  async shift(): Promise<void> {
    const random = this.#random;
    const calm = !this.#crowd.isProducing;
    const what = random.weighted([
      [12, "settle"],
      [2, "wait"],
      [calm ? 0 : 2, "resize"],
      [calm ? 0 : 1, "pause"],
      [this.#held.size > 0 && random.oneIn(calm ? 60 : 20) ? 1 : 0, "dawdle"],
      [calm || !random.oneIn(4) ? 0 : 1, "hang up"],
    ] as const);
    if (what === "settle") await this.#settleSome();
    else if (what === "wait") await nextTurn();
    else if (what === "resize") await this.#resize(random.pick(SIZES));
    else if (what === "pause") await this.#pause();
    else if (what === "dawdle") await this.#dawdle();
    else this.#hangUp();
  }

  /** Several at a time, in one go; those that it leaves may run out of time. */
  async #settleSome(): Promise<void> {
    const calm = !this.#crowd.isProducing;
    const some = [...this.#held].filter(() => calm || !this.#random.oneIn(4));
    if (some.length === 0) return nextTurn();
    await Promise.all(some.map((job) => this.#settle(job, calm || !this.#random.oneIn(4))));
  }

  async #settle(job: number, deletes: boolean): Promise<void> {
    const client = this.#client;
    const pri = this.#random.below(4);
    this.#held.delete(job);
    this.#settling.add(job);
    const losses = this.#lossesOf(job);
    const from = performance.now();
    const answer = await this.#ask(deletes ? `delete ${job}` : `release ${job} ${pri} 0`);
    const to = performance.now();
    this.#settling.delete(job);
    const what = deletes ? "delete" : "release";
    const ok = answer === undefined ? undefined : answer !== "NOT_FOUND";
    this.#crowd.entries.push({ what, client, job, ok, pri, from, to });
    // It may have been sent again behind the answer, before this goes on.
    if (ok === false && this.#lossesOf(job) === losses)
      this.#complain(`got NOT_FOUND for job ${job} and was not told why`);
    if (ok === true && deletes) this.#crowd.underWay--;
  }

  async #resize(size: number): Promise<void> {
    if (this.#most === 0) this.#openedAt = performance.now();
    this.#most = Math.max(this.#most, size);
    const answer = await this.#ask(`window ${size}`);
    if (answer !== undefined && answer !== `WINDOW ${size}`) this.#complain(`got ${answer}`);
    // What it holds may be more than a smaller window allows.
    this.#most = Math.max(size, this.#held.size);
  }

  /** Holds what it has beyond a short time to run. */
  async #dawdle(): Promise<void> {
    const until = performance.now() + SHORT_TTR_SECONDS * 1000 + 100;
    while (performance.now() < until && !this.#crowd.isOver) await nextTurn();
  }

  /** For a moment there are no jobs. */
  async #pause(): Promise<void> {
    if ((await this.#ask("window 0")) === undefined) return;
    const before = this.#held.size;
    this.#most = before;
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    if (this.#held.size > before) this.#complain("was sent a job behind WINDOW 0");
    await this.#resize(this.#random.pick(SIZES));
  }

  async #ask(command: string): Promise<string | undefined> {
    try {
      return (await this.#connection?.ask(command))?.line;
    } catch (error) {
      if (!this.isGone) throw error;
      return undefined; // it hung up
    }
  }

  #hangUp(): void {
    const now = performance.now();
    this.isGone = true;
    this.#crowd.entries.push({ what: "gone", client: this.#client, from: now, to: now });
    this.#connection?.close();
  }

  /** In the end it holds nothing: all was settled, or told lost. */
  close(): void {
    if (!this.isGone && this.#held.size > 0)
      this.#complain(`was never told that it lost ${[...this.#held].join(", ")}`);
    this.isGone = true;
    this.#connection?.close();
  }
}

interface Push {
  readonly word: string;
  readonly args: readonly string[];
  readonly body: Uint8Array;
}

/** No job is there. */
function isEmpty(stats: string): boolean {
  const kinds = ["ready", "reserved", "delayed", "buried"];
  return kinds.every((kind) => stats.includes(`current-jobs-${kind}: 0\n`));
}
