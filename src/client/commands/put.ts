/* Put: the commands of producers, and the tags of a job as options. */
import type { Reply } from "../../protocol/reply-reader.ts";
import { ACK_LEVELS, TAGS } from "../../protocol/tags.ts";
import type { TagRow } from "../../protocol/tags.ts";
import { delayNeeds, delayWord, named, oneOf, PRI_DEFAULT, whole } from "../command.ts";
import type { Command } from "../command.ts";
import type { Body } from "../command-writer.ts";
import { BadCommandError } from "../errors.ts";
import { refusalOf } from "../refused-error.ts";
import type { Feature } from "../support.ts";

/** A key, or a key with a number. */
type Keyed<Name extends string> =
  | string
  | ({ readonly key: string } & { readonly [Each in Name]?: number });

/** The tags of a job, which plain beanstalkd does not know (docs/protocol.md, Tags). */
export interface PutTags {
  /** While a job of the tube has this key, and `ttlSeconds` longer, a put with it adds none. */
  readonly idp?: Keyed<"ttlSeconds">;
  /** So many seconds after its put the job is dead, if it is ready or delayed then. */
  readonly exp?: number;
  /** After so many attempts without a delete the job is dead. */
  readonly max?: number;
  /** At most `limit` jobs with this key, 1 if absent, are reserved at a time. */
  readonly con?: Keyed<"limit">;
  /** In a tube with `order=fair` the key gets its share, by its `weight`. */
  readonly fair?: Keyed<"weight">;
  /** The group that the job is in. */
  readonly grp?: string;
  /** The job waits until no job is in that group. */
  readonly aft?: string;
  /** What replies about the job wait for. */
  readonly ack?: "memory" | "os" | "interval" | "sync" | "replicated";
}

/** How a job is put. */
export interface PutOptions {
  /** 0 to 4294967295, the smallest first; 1024 if absent. */
  readonly pri?: number;
  /** How long it waits before it is ready; parts of a second only where the server knows them. */
  readonly delaySeconds?: number;
  /** How long a worker may hold it, in whole seconds; 60 if absent. */
  readonly ttrSeconds?: number;
  readonly tags?: PutTags | undefined;
}

/** What became of a put. */
export interface Inserted {
  /** The job's id, or that of the job that has its key. */
  readonly id: number;
  /** Whether a job was added. */
  readonly isNew: boolean;
  /** Of a job that was there: its state. Of a new one: buried, where there was no memory for it. */
  readonly state?: "ready" | "reserved" | "delayed" | "buried" | "deleted";
  /** The priority that the job which was there has got by this put. */
  readonly pri?: number;
}

const STATES = ["ready", "reserved", "delayed", "buried", "deleted"] as const;
/** How long a worker may hold a job if nothing is said. */
export const TTR_DEFAULT_SECONDS = 60;
const NO_OPTIONS: PutOptions = {};
const NOTHING = new Uint8Array(0);

/** `put` */
export function put(body: Body, options: PutOptions = NO_OPTIONS): Command<Inserted> {
  const { pri = PRI_DEFAULT, delaySeconds = 0, ttrSeconds = TTR_DEFAULT_SECONDS, tags } = options;
  checkBody(body);
  const delay = delayWord(delaySeconds);
  const head = `put ${whole("pri", pri, 0)} ${delay} ${whole("ttrSeconds", ttrSeconds, 1)} `;
  if (tags === undefined && Number.isInteger(delaySeconds)) return { head, body, read: readPlain };
  const needs = [...delayNeeds(delaySeconds), ...tagNeeds(tags)];
  return { head, body, tail: tagWords(tags), needs, read: readInserted };
}

/** Throws a BadCommandError. */
export function checkBody(body: unknown): asserts body is Body {
  if (typeof body === "string" || isReadable(body)) return;
  throw new BadCommandError(
    body instanceof Uint8Array
      ? "body: its buffer was transferred, or is too short for it by now"
      : "body: only a string or a Uint8Array can be sent",
  );
}

/** Whether it is bytes, and these are there. */
export function isReadable(body: unknown): body is Uint8Array {
  if (!(body instanceof Uint8Array)) return false;
  if (body.length > 0) return true;
  try {
    NOTHING.set(body); // none of these has any bytes left
    return true;
  } catch {
    return false;
  }
}

function readPlain(reply: Reply): Inserted {
  if (reply.word === "INSERTED" && reply.args.length === 1) {
    return { id: Number(reply.args[0]), isNew: true };
  }
  return readInserted(reply);
}

function readInserted(reply: Reply): Inserted {
  const [id, state, pri] = reply.args;
  if (reply.word === "BURIED") return { id: Number(id), isNew: true, state: "buried" };
  if (reply.word !== "INSERTED") throw refusalOf("put", reply);
  if (state === undefined) return { id: Number(id), isNew: true };
  const known = STATES.find((name) => name === state.toLowerCase());
  if (known === undefined) throw refusalOf("put", reply);
  const inserted = { id: Number(id), isNew: false, state: known };
  return pri === undefined ? inserted : { ...inserted, pri: Number(pri) };
}

function tagNeeds(tags: PutTags | undefined): readonly Feature[] {
  if (tags === undefined) return [];
  return Object.entries(tags).flatMap(([name, value]) =>
    value === undefined ? [] : [`tag:${name}` as const],
  );
}

function tagWords(tags: PutTags | undefined): string {
  if (tags === undefined) return "";
  let words = "";
  for (const [name, value] of Object.entries(tags)) {
    const row = TAGS.find((one) => one.name === name);
    if (row === undefined) throw new BadCommandError(`tags: there is no tag ${name}`);
    if (value !== undefined) words += ` ${name}:${tagValue(row, value)}`;
  }
  return words;
}

function tagValue({ name, hasKey, words, number }: TagRow, value: unknown): string {
  if (words !== undefined) return oneOf(name, ACK_LEVELS, String(value));
  if (!hasKey) return String(whole(name, Number(value), number?.least ?? 0));
  if (typeof value !== "object" || value === null) return named(name, String(value));
  const { key, ...rest } = value as { readonly key: string } & Readonly<Record<string, number>>;
  const [counted] = Object.entries(rest);
  if (counted === undefined) return named(name, key);
  const [what, count] = counted;
  if (number === undefined) throw new BadCommandError(`${name}: it has no ${what}`);
  return `${named(name, key)}:${whole(what, count, number.least)}`;
}
