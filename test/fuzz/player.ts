/* Plays a stream to one server and writes down what it answered.
 *
 * Steps are played strictly one after the other, so that the answers depend on the stream alone.
 * The end of a step's answers is found by a `use` with a name of its own behind each burst: its
 * reply cannot be confused with another. What happens on the server's side without an answer (a
 * connection that is gone, a client that waits, drain mode) is awaited by asking for `stats` on a
 * connection beside the stream; how often that was necessary differs from server to server and is
 * noted, for the comparison.
 */
import type { Duplex } from "node:stream";
import { Peer, type Answers } from "./peer.ts";
import type { Step, Stream } from "./stream.ts";
import type { Request } from "./unit.ts";

/** A running server as the player sees it; a ServerProcess is one. */
export interface Playable {
  /** Connects; without Nagle's delay, and so that the connection may be half-closed. */
  connect(): Promise<Duplex>;
  signal(signal: NodeJS.Signals): void;
}

/** What one connection got for one step. */
export interface Exchange extends Answers {
  /** The index of the step in the stream. */
  readonly step: number;
  readonly connection: number;
  /** What the replies answer, in order. */
  readonly requests: readonly Request[];
  /** How many `stats` the player itself had asked for up to here. */
  readonly polls: number;
}

/**
 * All exchanges of a run, in a fixed order. It ends early, with an exchange that says why, if the
 * server falls silent.
 */
export type Transcript = readonly Exchange[];

/** Plays the stream to a server that was just started. */
export async function play(
  stream: Stream,
  server: Playable,
  deadlineMs: number,
): Promise<Transcript> {
  const player = new Player(server, deadlineMs, new Peer(await server.connect()));
  try {
    return await player.play(stream);
  } finally {
    player.close();
  }
}

class Player {
  readonly #server: Playable;
  readonly #deadlineMs: number;
  readonly #control: Peer;
  readonly #peers = new Map<number, Peer>();
  readonly #exchanges: Exchange[] = [];
  #polls = 0;
  #marks = 0;
  #step = 0;

  constructor(server: Playable, deadlineMs: number, control: Peer) {
    this.#server = server;
    this.#deadlineMs = deadlineMs;
    this.#control = control;
  }

  async play(stream: Stream): Promise<Transcript> {
    for (const [index, step] of stream.steps.entries()) {
      this.#step = index;
      await this.#play(step);
      if (this.#exchanges.at(-1)?.ending === "silent") break;
    }
    return this.#exchanges;
  }

  close(): void {
    for (const peer of [this.#control, ...this.#peers.values()]) peer.destroy();
  }

  #play(step: Step): Promise<void> {
    if (step.kind === "burst") return this.#burst(step);
    if (step.kind === "farewell") return this.#farewell(step);
    if (step.kind === "meeting") return this.#meeting(step);
    this.#server.signal("SIGUSR1");
    return this.#poll((stats) => stats.includes("\ndraining: true\n"));
  }

  async #burst(step: Step & { kind: "burst" }): Promise<void> {
    const peer = await this.#peer(step.connection);
    const mark = this.#mark();
    const bytes = [...step.units.map((unit) => unit.bytes), Buffer.from(`use ${mark}\r\n`)];
    await peer.send(Buffer.concat(bytes), step.cuts);
    const answers = await peer.repliesBefore(`USING ${mark}`, this.#deadlineMs);
    this.#note(
      step.connection,
      step.units.flatMap((unit) => unit.requests),
      answers,
    );
    if (peer.isClosed) await this.#forget(step.connection);
  }

  async #farewell(step: Step & { kind: "farewell" }): Promise<void> {
    const peer = await this.#peer(step.connection);
    const bytes = [...step.units.map((unit) => unit.bytes), step.tail];
    await peer.send(Buffer.concat(bytes), step.cuts);
    peer.finish();
    const answers = await peer.repliesToEnd(this.#deadlineMs);
    this.#note(
      step.connection,
      step.units.flatMap((unit) => unit.requests),
      answers,
    );
    await this.#forget(step.connection);
  }

  async #meeting({ waiters, giver, tube }: Step & { kind: "meeting" }): Promise<void> {
    const marks = new Map<number, string>();
    let waiting = 0;
    for (const waiter of waiters) {
      const peer = await this.#peer(waiter);
      const mark = this.#mark();
      marks.set(waiter, mark);
      await peer.send(
        Buffer.from(`watch ${tube}\r\nreserve\r\nignore ${tube}\r\nuse ${mark}\r\n`),
        0,
      );
      const isWaiting = `\ncurrent-waiting: ${waiting + 1}\n`;
      const isServed = (): boolean => peer.isClosed || peer.has(`USING ${mark}`);
      await this.#poll((stats) => isServed() || stats.includes(isWaiting));
      if (!isServed()) waiting++;
    }
    await this.#give(giver, tube, waiters.length);
    for (const [waiter, mark] of marks) {
      const peer = await this.#peer(waiter);
      this.#note(waiter, [], await peer.repliesBefore(`USING ${mark}`, this.#deadlineMs));
    }
  }

  async #give(giver: number, tube: string, count: number): Promise<void> {
    const peer = await this.#peer(giver);
    const mark = this.#mark();
    const puts = "put 1 0 1000 0\r\n\r\n".repeat(count); // a body that fits even under -z 0
    await peer.send(Buffer.from(`use ${tube}\r\n${puts}use ${mark}\r\n`), 0);
    this.#note(giver, [], await peer.repliesBefore(`USING ${mark}`, this.#deadlineMs));
  }

  async #peer(connection: number): Promise<Peer> {
    const known = this.#peers.get(connection);
    if (known !== undefined) return known;
    const peer = new Peer(await this.#server.connect());
    this.#peers.set(connection, peer);
    return peer;
  }

  /**
   * Waits until the server has noticed that the connection is gone: only then are its jobs back.
   */
  async #forget(connection: number): Promise<void> {
    this.#peers.get(connection)?.destroy();
    this.#peers.delete(connection);
    const left = `\ncurrent-connections: ${this.#peers.size + 1}\n`;
    await this.#poll((stats) => stats.includes(left));
  }

  #note(connection: number, requests: readonly Request[], answers: Answers): void {
    this.#exchanges.push({
      step: this.#step,
      connection,
      requests,
      polls: this.#polls,
      ...answers,
    });
  }

  #mark(): string {
    return `mark-${++this.#marks}`;
  }

  /**
   * Asks for `stats` until they are as wanted. After the deadline the run goes on: the difference
   * shows in later replies.
   */
  async #poll(isAsWanted: (stats: string) => boolean): Promise<void> {
    const giveUpAt = performance.now() + this.#deadlineMs;
    while (performance.now() < giveUpAt && !this.#control.isClosed) {
      this.#polls++;
      await this.#control.send(Buffer.from("stats\r\n"), 0);
      const reply = await this.#control.nextReply(this.#deadlineMs);
      if (isAsWanted(reply?.toString("latin1") ?? "")) return;
    }
  }
}
