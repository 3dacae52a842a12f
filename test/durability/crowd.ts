/* Crowd: several clients that use a server at once in every way that a journal has to remember, all
 * of it written into a ledger.
 *
 * Each keeps some commands on their way, until its connection ends. Called by kill-loop.ts and the
 * tests here.
 */
import { Random } from "../support/random.ts";
import { Conversation } from "../support/conversation.ts";
import type { Connect } from "../support/connect.ts";
import { bodyOf, putLine } from "./ledger.ts";
import type { Job, Ledger } from "./ledger.ts";

/** In the first two whole tubes are kicked, in the others only single jobs. */
const TUBES = ["a", "b", "c", "d"] as const;
const KICKED_TUBES = ["a", "b"] as const;
/** Beyond so many jobs the clients put less and delete more. */
const LIVE_MAX = 1500;
const FAR_SECONDS = 5000;
const TTR_SECONDS = 900;

/** Clients of one server. */
export class Crowd {
  readonly #clients: readonly Client[];

  private constructor(clients: readonly Client[]) {
    this.#clients = clients;
  }

  /** Connects so many clients; they begin at once. */
  static async gather(
    connect: Connect,
    ledger: Ledger,
    random: Random,
    size: number,
  ): Promise<Crowd> {
    const links = await Promise.all(Array.from({ length: size }, () => connect()));
    const clients = links.map(
      (link) => new Client(new Conversation(link), ledger, new Random(random.word())),
    );
    return new Crowd(clients);
  }

  /** Resolves when all connections have ended and nothing more will be written down. */
  async isOver(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.over));
  }

  /**
   * The clients finish what is on its way and ask nothing more. Resolves when all has been
   * answered.
   */
  async rest(): Promise<void> {
    for (const client of this.#clients) client.isResting = true;
    await this.isOver();
  }
}

class Client {
  /** Resolves when it asks nothing more. */
  readonly over: Promise<void>;
  isResting = false;
  readonly #talk: Conversation;
  readonly #ledger: Ledger;
  readonly #random: Random;
  /** Jobs that it has put and may do something with. */
  readonly #known: Job[] = [];
  #used = "";

  constructor(talk: Conversation, ledger: Ledger, random: Random) {
    this.#talk = talk;
    this.#ledger = ledger;
    this.#random = random;
    const strands = Array.from({ length: random.between(1, 12) }, () => this.#strand());
    this.over = this.#all(strands);
  }

  async #all(strands: readonly Promise<void>[]): Promise<void> {
    await Promise.all(strands);
    this.#talk.hangUp();
  }

  async #strand(): Promise<void> {
    for (const tube of TUBES) await this.#talk.ask(`watch ${tube}`);
    while (!this.#talk.isOver && !this.isResting) await this.#act();
  }

  async #act(): Promise<void> {
    const isCrowded = this.#ledger.liveCount > LIVE_MAX;
    const act = this.#random.weighted([
      [isCrowded ? 5 : 40, () => this.#putSome()],
      [isCrowded ? 80 : 40, () => this.#work()],
      [10, () => this.#deleteKnown()],
      [3, () => this.#kick()],
      [6, () => this.#kickKnown()],
      [4, () => this.#takeAside()],
    ]);
    await act();
  }

  async #putSome(): Promise<void> {
    this.#use(this.#random.pick(TUBES));
    const count = this.#random.oneIn(3) ? this.#random.between(2, 12) : 1;
    await Promise.all(Array.from({ length: count }, () => this.#put()));
  }

  /**
   * What is asked right after it is asked of that tube: commands are run in the order in which they
   * leave.
   */
  #use(tube: string): void {
    if (this.#used === tube) return;
    this.#used = tube;
    void this.#talk.ask(`use ${tube}`);
  }

  async #put(): Promise<void> {
    const random = this.#random;
    const job = this.#ledger.begin({
      tube: this.#used,
      priority: random.between(0, 2000),
      delaySeconds: random.oneIn(8) ? FAR_SECONDS : 0,
      ttrSeconds: TTR_SECONDS,
      bodyBytes: random.oneIn(40) ? random.between(2000, 30_000) : random.between(0, 1200),
    });
    const answer = await this.#talk.ask(putLine(job), bodyOf(job));
    this.#ledger.putAnswered(job, answer?.line);
    if (job.id !== undefined) this.#known.push(job);
  }

  async #work(): Promise<void> {
    const answer = await this.#talk.ask("reserve-with-timeout 0");
    if (answer?.body === undefined) return;
    const job = this.#ledger.reserved(answer.line, answer.body);
    if (job !== undefined) await this.#finish(job);
  }

  /** What a worker does with a job that it holds. */
  async #finish(job: Job): Promise<void> {
    const finish = this.#random.weighted([
      [60, () => this.#delete(job)],
      [12, () => this.#change(job, `bury ${job.id} ${job.priority}`)],
      [10, () => this.#change(job, `release ${job.id} ${this.#random.below(2000)} 0`)],
      [6, () => this.#change(job, `release ${job.id} 7 ${FAR_SECONDS}`)],
      [3, () => Promise.resolve()], // keeps it
    ]);
    await finish();
  }

  async #delete(job: Job): Promise<void> {
    this.#ledger.beginDelete(job);
    this.#ledger.deleteAnswered(job, (await this.#talk.ask(`delete ${job.id}`))?.line);
  }

  async #change(job: Job, command: string): Promise<void> {
    const changed = this.#ledger.beginChange(job, command);
    const answer = await this.#talk.ask(command);
    if (answer === undefined) return;
    const { line } = answer;
    const known = line === "BURIED" || line === "RELEASED" || line === "KICKED";
    changed(known ? line === "BURIED" : undefined);
  }

  async #deleteKnown(): Promise<void> {
    const job = this.#takeKnown();
    if (job !== undefined) await this.#delete(job);
  }

  async #kickKnown(): Promise<void> {
    const job = this.#takeKnown();
    if (job !== undefined) await this.#change(job, `kick-job ${job.id}`);
    else await this.#talk.ask("stats");
  }

  /**
   * One that need not be ready: with reserve-job it is taken out of the delayed or buried ones for
   * good.
   */
  async #takeAside(): Promise<void> {
    const job = this.#takeKnown();
    if (job === undefined) return;
    const changed = this.#ledger.beginChange(job, `reserve-job ${job.id}`);
    const answer = await this.#talk.ask(`reserve-job ${job.id}`);
    if (answer === undefined) return;
    changed(answer.body === undefined ? undefined : false);
    if (answer.body === undefined) return;
    this.#ledger.reserved(answer.line, answer.body);
    if (!this.#random.oneIn(3)) await this.#finish(job);
  }

  #takeKnown(): Job | undefined {
    const at = this.#random.below(this.#known.length + 1);
    const [job] = this.#known.splice(at, 1);
    return job;
  }

  async #kick(): Promise<void> {
    const tube = this.#random.pick(KICKED_TUBES);
    this.#use(tube);
    const kicked = this.#ledger.beginKick(tube);
    const answer = await this.#talk.ask(`kick ${this.#random.between(1, 20)}`);
    if (answer !== undefined) kicked();
  }
}
