/* RoughProxy: a port that leads to a server over a bad line: connections are cut, or stand still
 * for a while, after some number of bytes in either direction, whatever these belong to.
 *
 * How many, and what happens then, follows from the seed; when it happens does not, since how much
 * is sent depends on the machine. A test may also say exactly where the next cut is, or have all
 * stand still: what was on its way then gets there late. Used by cuts.long.test.ts.
 */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { Random } from "../support/random.ts";

/** Most bytes that pass before something happens. */
const REACH = [200, 5000, 200_000] as const;
/** Most milliseconds for which a direction stands still. */
const STILL_MILLIS = 300;

/** To the server, or from it. */
export type Direction = "there" | "back";

/** One direction of one connection. */
interface Strand {
  readonly direction: Direction;
  readonly from: Socket;
  readonly to: Socket;
  /** Bytes that pass before the next thing happens. */
  left: number;
  /** Whether that is a cut. */
  isCut: boolean;
  isStill: boolean;
}

/** One port. */
export class RoughProxy {
  readonly #port: number;
  readonly #random: Random;
  readonly #server: Server;
  readonly #strands = new Set<Strand>();
  #isRough = false;
  #isAway = false;
  /** Connections that were cut, and directions that stood still. */
  cuts = 0;
  stills = 0;

  /** Leads to that port of the loopback address; nothing happens before `isRough` says so. */
  static async start(port: number, random: Random): Promise<RoughProxy> {
    const server = createServer({ noDelay: true, pauseOnConnect: true });
    await once(server.listen(0, "127.0.0.1"), "listening");
    return new RoughProxy(port, random, server);
  }

  private constructor(port: number, random: Random, server: Server) {
    this.#port = port;
    this.#random = random;
    this.#server = server;
    server.on("connection", (client: Socket) => this.#lead(client));
  }

  /** Its host, for a url. */
  get host(): string {
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  #lead(client: Socket): void {
    const upstream = connect({ host: "127.0.0.1", port: this.#port, noDelay: true });
    const there = this.#strand("there", client, upstream);
    const back = this.#strand("back", upstream, client);
    for (const socket of [client, upstream]) {
      socket.on("error", () => undefined); // it closes then
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
        this.#strands.delete(there);
        this.#strands.delete(back);
      });
    }
    client.resume();
  }

  #strand(direction: Direction, from: Socket, to: Socket): Strand {
    const strand = { direction, from, to, left: Infinity, isCut: false, isStill: false };
    this.#strands.add(strand);
    if (this.#isRough) this.#draw(strand);
    if (this.#isAway) from.pause();
    from.on("data", (bytes: Buffer) => this.#pass(strand, bytes));
    if (this.#isAway) from.pause();
    return strand;
  }

  #draw(strand: Strand): void {
    strand.left = this.#random.below(this.#random.pick(REACH));
    strand.isCut = this.#random.oneIn(2);
  }

  #pass(strand: Strand, bytes: Buffer): void {
    const { from, to } = strand;
    const passing = Math.min(strand.left, bytes.length);
    if (passing > 0) to.write(bytes.subarray(0, passing));
    strand.left -= passing;
    if (passing === bytes.length && strand.left > 0) return;
    if (strand.isCut) {
      this.cuts++;
      to.end(); // what passed gets there
      from.destroy();
      return;
    }
    this.stills++;
    if (this.#isRough) this.#draw(strand);
    else strand.left = Infinity;
    from.unshift(bytes.subarray(passing));
    this.#standStill(strand);
  }

  #standStill(strand: Strand): void {
    strand.isStill = true;
    strand.from.pause();
    setTimeout(
      () => {
        strand.isStill = false;
        if (!this.#isAway) strand.from.resume();
      },
      this.#random.between(1, STILL_MILLIS),
    ).unref();
  }

  /** From now on things happen, or nothing any more. */
  set isRough(is: boolean) {
    this.#isRough = is;
    for (const strand of this.#strands) {
      if (is) this.#draw(strand);
      else strand.left = Infinity;
    }
  }

  /** Nothing passes any more; or again, what was on its way first. */
  set isAway(is: boolean) {
    this.#isAway = is;
    for (const { from, isStill } of this.#strands) {
      if (is) from.pause();
      else if (!isStill) from.resume();
    }
  }

  /** The connections that there are end once so many bytes more have passed in that direction. */
  cutAfter(direction: Direction, bytes: number): void {
    for (const strand of this.#strands) {
      if (strand.direction !== direction) continue;
      strand.left = bytes;
      strand.isCut = true;
    }
  }

  /** Ends all connections, and takes none any more. */
  close(): void {
    this.#server.close();
    for (const { from } of this.#strands) from.destroy();
  }
}
