/*
 * Beds: the back ends that the suite is run against, on a clock that passes when a test says so
 * where there is one.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../src/entries/client.ts";
import { openEmbedded } from "../../src/embedded/embedded-backend.ts";
import type { Capabilities, HeldJob, QueueBackend, RawJob } from "../../src/worker/backend.ts";
import { engineCapabilities } from "../../src/worker/engine-capabilities.ts";
import { openServer } from "../../src/worker/server-backend.ts";
import { addressOf } from "../client/places.ts";
import { startHomemaker } from "../support/homemaker.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** A back end under test. */
export interface Bed extends AsyncDisposable {
  readonly backend: QueueBackend;
  /** Lets so many seconds pass, of a kind whose time is virtual. */
  advance(seconds: number): void;
  /** Ends the back end, and opens it anew where it was. */
  reopen(): Promise<QueueBackend>;
}

/** A kind of back end. */
export interface Kind {
  readonly name: string;
  /** What it says that it can do. */
  readonly can: Capabilities;
  /** How long it may take to be there; as long as any test if absent. */
  readonly patienceMs?: number;
  /** A delay that a test can wait for. */
  readonly soonMillis: number;
  /** Its time passes when a test says so; a server has its own. */
  readonly isVirtual: boolean;
  open(): Promise<Bed>;
}

/** Longer than any body that these back ends take. */
export const TOO_BIG = new Uint8Array(70_000);

export const KINDS: readonly Kind[] = [
  {
    name: "memory",
    can: engineCapabilities(false),
    isVirtual: true,
    soonMillis: 200,
    open: () => embedded(undefined),
  },
  {
    name: "directory",
    can: engineCapabilities(true),
    isVirtual: true,
    soonMillis: 200,
    open: () => embedded(mkdtempSync(join(tmpdir(), "homemaker-backend-"))),
  },
  {
    name: "server",
    can: engineCapabilities(false),
    isVirtual: false,
    soonMillis: 200,
    open: () => serverBed(() => startHomemaker({ threads: 1, shards: 1 })),
  },
];

/** A server of its own for each test run. */
export async function serverBed(start: () => Promise<ServerProcess>): Promise<Bed> {
  const open = (process: ServerProcess): Promise<QueueBackend> =>
    openServer(`homemaker://${addressOf(process)}/`, connect);
  let process = await start();
  let backend = await open(process);
  const end = async (): Promise<void> => {
    await backend.close();
    await process.stop();
  };
  return {
    backend,
    advance: () => {
      throw new RangeError("a server's time passes by itself");
    },
    async reopen() {
      await end();
      process = await start();
      backend = await open(process);
      return backend;
    },
    [Symbol.asyncDispose]: end,
  };
}

async function embedded(directory: string | undefined): Promise<Bed> {
  const clock = new VirtualClock(1_000_000_000);
  const quick = { durability: "os", segmentBytes: 1_048_576 } as const;
  const open = (): Promise<QueueBackend> =>
    openEmbedded(
      directory === undefined ? { memory: true, clock } : { directory, clock, ...quick },
    );
  let backend = await open();
  return {
    backend,
    advance: (seconds) => clock.advance(seconds),
    async reopen() {
      await backend.close();
      backend = await open();
      return backend;
    },
    async [Symbol.asyncDispose]() {
      await backend.close();
      if (directory !== undefined) rmSync(directory, { recursive: true });
    },
  };
}

const BYTES = new TextEncoder();
const TEXT = new TextDecoder();

/** A job with that text; `about` says what is not as usual. */
export function jobOf(text: string, about: Partial<RawJob> & Pick<RawJob, "tube">): RawJob {
  return {
    body: BYTES.encode(text),
    priority: 1024,
    delayMillis: 0,
    leaseMillis: 60_000,
    ...about,
  };
}

/** What a test asks of a job that is held. */
export function pick({ id, tube, attempt, isHeld }: HeldJob): Partial<HeldJob> {
  return { id, tube, attempt, isHeld };
}

/** A text as bytes. */
export function bytesOf(text: string): Uint8Array {
  return BYTES.encode(text);
}

/** Bytes as a text; `undefined` as it is. */
export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : TEXT.decode(bytes);
}

/** Takes jobs from a consumer, for a test that wants them one after the other. */
export class Hands {
  readonly #ready: HeldJob[] = [];
  readonly #waiting: ((job: HeldJob) => void)[] = [];

  readonly take = (held: HeldJob): void => {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#ready.push(held);
    else waiting(held);
  };

  /** Jobs that came and that nobody asked for yet. */
  get ready(): readonly string[] {
    return this.#ready.map(({ body }) => TEXT.decode(body));
  }

  next(): Promise<HeldJob> {
    const held = this.#ready.shift();
    if (held !== undefined) return Promise.resolve(held);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The texts of so many jobs, each of which is completed. */
  async done(count: number): Promise<readonly string[]> {
    const texts: string[] = [];
    for (let at = 0; at < count; at++) {
      const held = await this.next();
      texts.push(TEXT.decode(held.body));
      await held.complete();
    }
    return texts;
  }
}
