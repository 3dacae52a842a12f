/* Outbox queue: rows of an outbox as jobs of this server's queue, put with their mark in one batch,
 * which a crash leaves whole or not at all.
 *
 * A mark is a job of the tube MARKS_TUBE whose body has the names of the rows, and which is delayed
 * for so long that no worker is ever given it. What is asked here is asked without a limit of time:
 * an answer that came too late would be about a batch of which nobody knows. Used by outbox.ts,
 * made by server.ts.
 */
import type { BatchBuilder, BatchCommand } from "../client/commands/batch.ts";
import type { Inserted } from "../client/commands/put.ts";
import { connectTo } from "../client/connect.ts";
import type { Client } from "../client/client.ts";
import { BatchRefusedError, RefusedError } from "../client/refused-error.ts";
import type { ConnectionOptions } from "../client/connection.ts";
import { RING_MILLIS_MAX } from "../clock.ts";
import type { Clock } from "../clock.ts";
import type { InProcess } from "../broker/in-process.ts";
import type { OutboxAnswer, OutboxMark, OutboxQueue, OutboxRow } from "../outbox.ts";
import { MARKS_TUBE, putOptionsOf } from "./outbox-row.ts";

/** How long what is under way gets when it is closed. */
const CLOSE_MILLIS = 1000;
/** A call waits as long as it takes. */
const PATIENT = { timeoutMs: Infinity };
/** A hundred years. */
const MARK_DELAY_SECONDS = 3_153_600_000;
/** Bytes that a mark takes of a batch at most, for each of its rows. */
export const MARK_ROW_BYTES = 41;
/** The name of a row. */
const NAME = /^\d{1,19}@-?\d{1,19}$/;

const TEXT = new TextDecoder();

/** The server's own sessions as such a queue. */
export class ServerOutboxQueue implements OutboxQueue {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /** Commands have to run already. */
  static async open(inProcess: InProcess, clock: Clock): Promise<ServerOutboxQueue> {
    const own = { connect: (options: ConnectionOptions) => inProcess.connectOwn(options) };
    const patience = { timeoutMs: CLOSE_MILLIS, silenceMs: RING_MILLIS_MAX };
    const limits = { ...patience, pendingBytesMax: Infinity };
    const around = { clock, random: Math.random, stay: () => undefined };
    return new ServerOutboxQueue(await connectTo(own, limits, nowhereElse, around));
  }

  async put(rows: readonly OutboxRow[]): Promise<OutboxAnswer> {
    const places: number[] = [];
    try {
      const answers = await this.#client.batch((make) => commandsOf(make, rows, places), PATIENT);
      return { kind: "put", mark: (answers.at(-1) as Inserted).id };
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      return answerOf(error, places);
    }
  }

  async mark(): Promise<OutboxMark | undefined> {
    const client = this.#client;
    await client.use(MARKS_TUBE, PATIENT);
    const found =
      (await client.peekDelayed(PATIENT)) ??
      (await client.peekReady(PATIENT)) ??
      (await client.peekBuried(PATIENT));
    if (found === undefined) return undefined;
    const rows = TEXT.decode(found.body).split(" ");
    return { id: found.id, rows: rows.filter((name) => NAME.test(name)) };
  }

  async forget(mark: number): Promise<void> {
    await this.#client.deleteBatch([mark], PATIENT);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

function nowhereElse(address: string): never {
  throw new TypeError(`the outbox goes to this server, not to ${address}`);
}

/** The puts, each in its tube, and the mark; `places` gets where in the batch the puts are. */
function commandsOf(
  make: BatchBuilder,
  rows: readonly OutboxRow[],
  places: number[],
): readonly BatchCommand<unknown>[] {
  const commands: BatchCommand<unknown>[] = [];
  let used: string | undefined;
  const useTube = (tube: string): void => {
    if (tube !== used) commands.push(make.use(tube));
    used = tube;
  };
  for (const row of rows) {
    useTube(row.tube);
    places.push(commands.length);
    commands.push(make.put(row.body ?? "", putOptionsOf(row)));
  }
  useTube(MARKS_TUBE);
  const mark = rows.map(({ name }) => name).join(" ");
  commands.push(make.put(mark, { delaySeconds: MARK_DELAY_SECONDS }));
  return commands;
}

/** What a refusal says of the rows that were put at these places. */
function answerOf(error: RefusedError, places: readonly number[]): OutboxAnswer {
  const { code, reply: why } = error;
  if (code === "HM_DRAINING") return { kind: "shut", why };
  if (code === "HM_JOB_TOO_BIG") return { kind: "tooMuch", why };
  // The command before a put is the use of its tube, which may be refused for want of memory.
  const at = error instanceof BatchRefusedError ? placeOf(error.index, places) : undefined;
  if (at === undefined) return { kind: "shut", why };
  if (code === "HM_EXISTS") return { kind: "met", at, isByAnother: /^INSERTED 0\b/.test(why) };
  const isPassing = code === "HM_TUBE_FULL" || code === "HM_OUT_OF_MEMORY";
  return isPassing ? { kind: "full", at, why } : { kind: "wrong", at, why };
}

function placeOf(index: number, places: readonly number[]): number | undefined {
  const at = places.findIndex((place) => place >= index);
  return at < 0 ? undefined : at;
}
