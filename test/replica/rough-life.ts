/* RoughLife: two servers with a copy on a real PostgreSQL, each of which reaches it over a bad line
 * (rough-proxy.ts), and a crowd of clients at whichever leads; the ledger of test/durability judges
 * what each new leader has.
 *
 * A server that ends is started again in its directory. Now and then the leader's line stands still
 * until the other leads; then what the old one is asked must stay unanswered for ever. Used by
 * cuts.long.test.ts.
 */
import { join } from "node:path";
import { Crowd } from "../durability/crowd.ts";
import { Ledger } from "../durability/ledger.ts";
import { ServerWithData } from "../durability/server-with-data.ts";
import { OVER_TCP } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import type { PostgresPair } from "../support/postgres.ts";
import type { Random } from "../support/random.ts";
import { pause, until, within } from "../support/until.ts";
import { RoughProxy } from "./rough-proxy.ts";

/** On a busy machine a commit on two PostgreSQL servers may take a second, and so may a renewal. */
const LEASE_MILLIS = 5000;
/** A leader that hangs up ends within that time. */
const ENDING_MILLIS = 20_000;
/** So many leaders at most end one after the other before somebody has looked at them. */
const LEADERS_MAX = 5;
/** How long a crowd is at work at a time. */
const LOAD_MILLIS = [200, 1500] as const;
const CLIENTS = [2, 6] as const;
const MACHINES = ["a", "b"] as const;

/** One machine: its line to the database, and the server that runs there. */
interface Machine {
  readonly name: string;
  readonly proxy: RoughProxy;
  server: ServerWithData;
}

/** Two servers and their clients. */
export class RoughLife {
  readonly #random: Random;
  readonly #directory: string;
  readonly #machines: readonly Machine[];
  readonly #ledger = new Ledger();
  /** Who led when it was looked last. */
  #leader: ServerWithData | undefined;
  /** Another server led than before. */
  takeOvers = 0;

  /** Starts both; one of them serves. */
  static async begin(pair: PostgresPair, directory: string, random: Random): Promise<RoughLife> {
    const { port } = pair.primary;
    const proxies = await Promise.all(MACHINES.map(() => RoughProxy.start(port, random)));
    return new RoughLife(directory, random, proxies);
  }

  private constructor(directory: string, random: Random, proxies: readonly RoughProxy[]) {
    this.#directory = directory;
    this.#random = random;
    this.#machines = proxies.map((proxy, at) => {
      const name = MACHINES[at] ?? "";
      return { name, proxy, server: this.#start(name, proxy) };
    });
  }

  #start(name: string, proxy: RoughProxy): ServerWithData {
    const url = `postgres://homemaker@${proxy.host}/postgres?journal=rough`;
    return new ServerWithData({
      directory: join(this.#directory, name),
      threads: 2,
      shards: 2,
      flags: ["--journal", url, "--journal-lease", `${LEASE_MILLIS}ms`],
    });
  }

  /** What was wrong, in words. */
  get problems(): readonly string[] {
    return this.#ledger.problems;
  }

  get cuts(): number {
    return this.#machines.reduce((sum, { proxy }) => sum + proxy.cuts, 0);
  }

  get summary(): string {
    const { jobCount, promises } = this.#ledger;
    const stills = this.#machines.reduce((sum, { proxy }) => sum + proxy.stills, 0);
    const lines = `${this.cuts} cuts, lines stood still ${stills} times`;
    return `${jobCount} jobs, ${promises} answers, ${this.takeOvers} take-overs, ${lines}`;
  }

  /** A crowd is at work at whoever leads, over bad lines; then perhaps the other is to lead. */
  async goOn(): Promise<void> {
    const { server, proxy } = await this.#leading();
    const random = this.#random;
    const connect = OVER_TCP.connection(() => server.output);
    const size = random.between(...CLIENTS);
    const crowd = await Crowd.gather(connect, this.#ledger, random, size).catch(() => undefined);
    if (crowd === undefined) return; // it has just ended
    for (const machine of this.#machines) machine.proxy.isRough = true;
    await pause(random.between(...LOAD_MILLIS));
    if (random.oneIn(2)) await this.#cutOff(server, proxy);
    for (const machine of this.#machines) machine.proxy.isRough = false;
    await Promise.race([crowd.rest(), server.ended]);
    await crowd.isOver();
  }

  /** The other leads; the old leader, on whose line all stands still, answers nothing any more. */
  async #cutOff(server: ServerWithData, proxy: RoughProxy): Promise<void> {
    const witness = await server.connect().then(
      (link) => new Conversation(link),
      () => undefined,
    );
    proxy.isAway = true;
    const other = this.#machines.find((machine) => machine.server !== server);
    if (other === undefined) throw new RangeError("there is one machine");
    await this.#serves(other);
    const line = (await witness?.line("put 0 0 60 1", Buffer.from("x"))) ?? "";
    if (line !== "") this.#ledger.problems.push(`an old leader answered ${line}`);
    await server.ended;
    proxy.isAway = false;
  }

  /** Resolves when that machine serves; one whose server has ended gets another. */
  async #serves(machine: Machine): Promise<void> {
    const { name, proxy } = machine;
    for (;;) {
      const { server } = machine;
      await until(
        `${name} serves`,
        () => server.ending !== undefined || server.port > 0,
        () => server.told,
      );
      if (server.ending === undefined) return;
      this.#blameFor(server);
      machine.server = this.#start(name, proxy);
    }
  }

  /** Whoever leads now; what it has was judged if it is another than before. */
  async #leading(): Promise<Machine> {
    for (let left = LEADERS_MAX; left > 0; left--) {
      const leading = await this.#serving();
      if (leading.server === this.#leader) return leading;
      if (this.#leader !== undefined) this.takeOvers++;
      this.#leader = leading.server;
      if (await this.#inspect(leading.server, false)) return leading;
    }
    throw new Error("no server leads for long enough to be looked at");
  }

  /** Whoever serves; a server that has ended is started again. */
  async #serving(): Promise<Machine> {
    let serving: Machine | undefined;
    await until("somebody serves", () => {
      for (const machine of this.#machines) {
        const { server, name, proxy } = machine;
        if (server.ending === undefined) continue;
        this.#blameFor(server);
        machine.server = this.#start(name, proxy);
      }
      serving = this.#machines.find(({ server }) => server.port > 0);
      return serving !== undefined;
    });
    if (serving === undefined) throw new RangeError("nobody serves");
    return serving;
  }

  /** Returns false when that server ended before all was looked at. */
  async #inspect(server: ServerWithData, isComplete: boolean): Promise<boolean> {
    try {
      const client = new Conversation(await server.connect());
      await this.#ledger.inspect(client, isComplete);
      client.hangUp();
      return true;
    } catch (error) {
      await within("whoever hangs up ends", ENDING_MILLIS, server.ended, () => String(error));
      return false;
    }
  }

  /** A server ends because it must not go on, and for no other reason. */
  #blameFor(server: ServerWithData): void {
    const { complaints, ending, errors } = server;
    const told = complaints.join(" ");
    const isDue = /the lease has run out|another server leads/.test(told);
    if (!isDue) this.#ledger.problems.push(`it ended with ${ending}: ${told}`);
    if (errors.includes("is damaged")) this.#ledger.problems.push(`damage: ${errors}`);
  }

  /** The last leader has all that was promised, and so has a server that begins with nothing. */
  async end(): Promise<void> {
    while (!(await this.#inspect((await this.#leading()).server, true)));
    await this.kill();
    const [first] = this.#machines;
    if (first === undefined) throw new RangeError("there is no machine");
    const last = this.#start("empty", first.proxy);
    await last.serves();
    await this.#inspect(last, true);
    await last.kill();
  }

  /** Nothing of it runs any more. */
  async kill(): Promise<void> {
    await Promise.all(this.#machines.map(({ server }) => server.kill()));
  }
}
