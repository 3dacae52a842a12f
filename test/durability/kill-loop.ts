/* Kill loop: one data directory through many lives: a server, a crowd, kill -9 at some moment,
 * another server, and the ledger's judgement.
 *
 * Most lives end under load, some before the server has recovered. Each life may have other threads
 * and shards. The seed decides all of it but the timing of the machine. Called by kill.test.ts
 * and kill.long.test.ts.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../support/random.ts";
import { Conversation } from "../support/conversation.ts";
import { OVER_TCP } from "../support/connect.ts";
import type { Reach } from "../support/connect.ts";
import type { RuntimeName } from "../support/runtimes.ts";
import { Crowd } from "./crowd.ts";
import { bodyOf, Ledger, putLine } from "./ledger.ts";
import { ServerWithData } from "./server-with-data.ts";
import { pause } from "../support/until.ts";
import type { Launch } from "./server-with-data.ts";

/** How to loop. */
export interface KillLoop {
  readonly seed: number;
  /** How many there are at least. */
  readonly kills: number;
  /** For how long there are more; not at all if absent. */
  readonly millis?: number;
  readonly level: "os" | "interval" | "sync";
  readonly runtime?: RuntimeName;
  /** How the crowd reaches the servers, with files in that directory; by TCP if absent. */
  readonly reach?: (directory: string) => Reach;
  /** More flags of each server. */
  readonly flags?: readonly string[];
  /** Jobs of STOCK_BYTES that are put before the crowd comes for the first time; none if absent. */
  readonly stock?: number;
}

/** What came of it. */
export interface KillReport {
  readonly problems: readonly string[];
  readonly kills: number;
  readonly killsAtStart: number;
  readonly promises: number;
  readonly jobs: number;
  /** Bodies that the servers had to read from the disk before somebody saw them. */
  readonly bodiesReadBack: number;
}

const SHAPES = [
  { threads: 1, shards: 1 },
  { threads: 2, shards: 1 },
  { threads: 2, shards: 4 },
  { threads: 1, shards: 2 },
  { threads: 3, shards: 8 },
] as const;
const LOAD_MILLIS = [10, 250] as const;
const START_MILLIS = [30, 350] as const;
const CLIENTS = [2, 8] as const;
const STOCK_BYTES = 2000;

/** Runs it; problems of the ledger are in the report, a server that does not start is thrown. */
export async function runKillLoop(loop: KillLoop): Promise<KillReport> {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-kill-"));
  try {
    return await new Loop(loop, directory).run();
  } finally {
    rmSync(directory, { recursive: true });
  }
}

class Loop {
  readonly #loop: KillLoop;
  readonly #directory: string;
  readonly #reach: Reach;
  readonly #random: Random;
  readonly #ledger = new Ledger();
  #kills = 0;
  #killsAtStart = 0;
  #bodiesReadBack = 0;

  constructor(loop: KillLoop, directory: string) {
    this.#loop = loop;
    this.#directory = join(directory, "data");
    mkdirSync(this.#directory);
    this.#reach = loop.reach?.(directory) ?? OVER_TCP;
    this.#random = new Random(loop.seed);
    this.#ledger.idsGoOn = true;
  }

  async run(): Promise<KillReport> {
    const { kills, millis = 0 } = this.#loop;
    const end = performance.now() + millis;
    const goesOn = (): boolean => this.#kills < kills || performance.now() < end;
    while (goesOn() && this.#ledger.problems.length === 0) await this.#live();
    await this.#lastLives();
    return this.#report;
  }

  get #report(): KillReport {
    const { problems, promises, jobCount: jobs } = this.#ledger;
    const [kills, killsAtStart] = [this.#kills, this.#killsAtStart];
    return { problems, promises, jobs, kills, killsAtStart, bodiesReadBack: this.#bodiesReadBack };
  }

  async #live(): Promise<void> {
    const random = this.#random;
    const server = new ServerWithData(this.#launch());
    if (this.#kills > 0 && random.oneIn(6)) {
      await pause(random.between(...START_MILLIS));
      this.#killsAtStart++;
    } else {
      await server.serves();
      if (this.#kills === 0) await this.#putStock(server);
      await this.#inspect(server, false);
      const connect = this.#reach.connection(() => server.output);
      const crowd = await Crowd.gather(connect, this.#ledger, random, random.between(...CLIENTS));
      await pause(random.between(...LOAD_MILLIS));
      await server.kill();
      await crowd.isOver();
    }
    await server.kill();
    this.#kills++;
    this.#blameFor(server);
  }

  async #putStock(server: ServerWithData): Promise<void> {
    const client = new Conversation(await server.connect());
    const tube = "d"; // the crowd drains it
    await client.ask(`use ${tube}`);
    const put = { tube, priority: 1000, delaySeconds: 0, ttrSeconds: 900, bodyBytes: STOCK_BYTES };
    const puts = Array.from({ length: this.#loop.stock ?? 0 }, async () => {
      const job = this.#ledger.begin(put);
      this.#ledger.putAnswered(job, (await client.ask(putLine(job), bodyOf(job)))?.line);
    });
    await Promise.all(puts);
    client.hangUp();
  }

  #launch(): Launch {
    const { level, runtime = "node", flags: more = [] } = this.#loop;
    const flags = [...this.#reach.flags, ...more];
    return { directory: this.#directory, level, runtime, flags, ...this.#random.pick(SHAPES) };
  }

  async #inspect(server: ServerWithData, isComplete: boolean): Promise<void> {
    const client = new Conversation(await server.connect());
    await this.#ledger.inspect(client, isComplete);
    const stats = (await client.ask("stats"))?.body?.toString() ?? "";
    this.#bodiesReadBack += Number(/^bodies-read-back: (\d+)$/m.exec(stats)?.[1]);
    client.hangUp();
  }

  /** What is there after the last kill is there after an orderly end as well. */
  async #lastLives(): Promise<void> {
    for (const isComplete of [false, true]) {
      const server = await ServerWithData.serving(this.#launch());
      await this.#inspect(server, isComplete);
      const ending = await server.stop();
      if (ending !== 0) this.#ledger.problems.push(`an orderly end gave ${ending}: ${server.told}`);
      this.#blameFor(server);
    }
  }

  /** A kill damages nothing, and nothing else may have ended the server. */
  #blameFor(server: ServerWithData): void {
    const { complaints, errors } = server;
    if (complaints.length > 0) this.#ledger.problems.push(`it complained: ${complaints.join(" ")}`);
    if (errors.includes("is damaged")) this.#ledger.problems.push(`damage after a kill: ${errors}`);
  }
}
