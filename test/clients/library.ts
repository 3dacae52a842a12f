/*
 * What a client library must be able to do, in one form for all of them, so that each goes through
 * the same job cycle.
 */

/** A reserved or peeked job. */
export interface Job {
  readonly id: string;
  readonly body: Buffer;
}

/** One of the stats, its keys as they are on the wire. */
export type Stats = Readonly<Record<string, unknown>>;

/**
 * A connection made by a library. Each method is one command; it rejects when the server refuses
 * it.
 */
export interface Client {
  use(tube: string): Promise<void>;
  watch(tube: string): Promise<void>;
  put(job: {
    body: Buffer;
    pri: number;
    delaySeconds: number;
    ttrSeconds: number;
  }): Promise<string>;
  /** Undefined if no job came in time. */
  reserve(timeoutSeconds: number): Promise<Job | undefined>;
  delete(id: string): Promise<void>;
  release(id: string, pri: number, delaySeconds: number): Promise<void>;
  bury(id: string, pri: number): Promise<void>;
  touch(id: string): Promise<void>;
  /** Absent if the library lacks it. */
  kick?: (bound: number) => Promise<number>;
  kickJob(id: string): Promise<void>;
  peek(id: string): Promise<Job>;
  peekBuried(): Promise<Job>;
  /** Absent if the library lacks it, or cannot do it with any server. */
  pauseTube?: (tube: string, seconds: number) => Promise<void>;
  statsJob(id: string): Promise<Stats>;
  statsTube(tube: string): Promise<Stats>;
  stats(): Promise<Stats>;
  listTubes(): Promise<string[]>;
  close(): Promise<void>;
}

/** A client library from npm. */
export interface Library {
  readonly name: string;
  /** Set if it takes text only: other bytes do not reach the server unaltered. */
  readonly textOnly?: true;
  connect(host: string, port: number): Promise<Client>;
}

/**
 * The mapping that a library made of a YAML reply, or made here of its text. Throws a TypeError if
 * it is something else.
 */
export function asStats(value: unknown): Stats {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`not a mapping: ${String(value)}`);
  }
  return { ...value };
}

/** The list that a library made of a YAML reply. Throws a TypeError if it is something else. */
export function asNames(value: unknown): string[] {
  if (!Array.isArray(value)) throw new TypeError(`not a list: ${String(value)}`);
  return value.map(String);
}
