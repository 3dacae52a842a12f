/* Tags: the one table of the words that may follow <bytes> of a put, what a line says with them,
 * and what the engine takes and shows of them (assembly/tags.ts).
 *
 * The parser, the protocol reference, the statistics of a job and HTTP read this table; nothing
 * else lists the tags. If any word behind <bytes> is not of the table the line is one that
 * beanstalkd would refuse, and is refused as it does; if each is, what is wrong with a value is the
 * put's alone, and its body is taken.
 */

import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import { asciiBytes, beginsWith, byteAt, SPACE, TAB, ZERO } from "./ascii.ts";
import { mayNameTube, nameEnd } from "./tube-name.ts";

/** One row of the table. */
export interface TagRow {
  /** What a word begins with, before a colon. */
  readonly name: string;
  /** Its number in the engine and in the journal, TAG_*. */
  readonly kind: number;
  /** How it is written, for people. */
  readonly usage: string;
  /** Whether its value is a key, behind which may be a number, or a number alone. */
  readonly hasKey: boolean;
  /** The words that stand for its numbers, from 1 on, instead of digits. */
  readonly words?: readonly string[];
  /** That number: what it is without one, and the least that it may be; a key may have none. */
  readonly number: { readonly default: number; readonly least: number } | undefined;
  /** One line for people. */
  readonly summary: string;
}

/** What `ack` may say, from the weakest level on: each at its number in the engine less 1. */
export const ACK_LEVELS: readonly string[] = ["memory", "os", "interval", "sync", "replicated"];

/** The number in the engine of one of them. */
export function ackLevelOf(level: string): number {
  return 1 + ACK_LEVELS.indexOf(level);
}

/** Every tag. */
export const TAGS: readonly TagRow[] = [
  {
    name: "idp",
    kind: C.TAG_IDP,
    usage: "idp:<key>[:<ttl>]",
    hasKey: true,
    number: { default: 0, least: 0 },
    summary:
      "While a job of the tube has this key, and for `<ttl>` seconds after it was deleted, a put with it adds none.",
  },
  {
    name: "exp",
    kind: C.TAG_EXP,
    usage: "exp:<seconds>",
    hasKey: false,
    number: { default: 0, least: 1 },
    summary: "That long after its put the job is dead, if it is ready or delayed then.",
  },
  {
    name: "max",
    kind: C.TAG_MAX,
    usage: "max:<n>",
    hasKey: false,
    number: { default: 0, least: 1 },
    summary: "After that many attempts without a delete the job is dead.",
  },
  {
    name: "con",
    kind: C.TAG_CON,
    usage: "con:<key>[:<limit>]",
    hasKey: true,
    number: { default: 1, least: 1 },
    summary:
      "No more than `<limit>` jobs with this key, 1 if absent, are reserved at a time, in all tubes together.",
  },
  {
    name: "fair",
    kind: C.TAG_FAIR,
    usage: "fair:<key>[:<weight>]",
    hasKey: true,
    number: { default: 1, least: 1 },
    summary:
      "In a tube with `order=fair` the key gets its share, by `<weight>`, 1 if absent, of the jobs of a priority.",
  },
  {
    name: "grp",
    kind: C.TAG_GRP,
    usage: "grp:<name>",
    hasKey: true,
    number: undefined,
    summary: "The job is in the group with this name until it is deleted, whatever its tube.",
  },
  {
    name: "aft",
    kind: C.TAG_AFT,
    usage: "aft:<name>",
    hasKey: true,
    number: undefined,
    summary: "The job waits, and is not ready, as long as a job is in the group with this name.",
  },
  {
    name: "ack",
    kind: C.TAG_ACK,
    usage: "ack:<level>",
    hasKey: false,
    words: ACK_LEVELS,
    number: { default: 0, least: 1 },
    summary:
      "What its INSERTED, RESERVED, JOB and DELETED wait for: memory, os, interval, sync or replicated, no more than the server itself promises.",
  },
];

/** What stands behind <bytes>. */
export const PUT_END = {
  /** Nothing. */
  PLAIN: 0,
  /** Tags. */
  TAGGED: 1,
  /** Tags, one of which is wrong. */
  WRONG: 2,
  /** Something else. */
  GARBAGE: 3,
} as const;

interface Prefix {
  readonly row: TagRow;
  readonly bytes: Uint8Array;
}

const PREFIXES: readonly Prefix[] = TAGS.map((row) => ({ row, bytes: asciiBytes(`${row.name}:`) }));
const COLON = 0x3a;
const NO_NAME = new Uint8Array(0);
/** What stands in place of a name in `max`: how many attempts were charged. */
const NOTHING_CHARGED = new Uint8Array(8);
const U32_MAX = 0xffff_ffff;

/** The tags of one put, as the engine takes them. One object is used again for line after line. */
export class PutTags {
  /** The entries, one behind the other. */
  readonly bytes = new Uint8Array(C.TAGS_BYTES_MAX);
  readonly #view = new DataView(this.bytes.buffer);
  /** Bytes of them. */
  length = 0;
  /** What its `ack` says, ACK_*; 0 when there is none. */
  ackLevel = 0;
  /** Where the word that was looked at ends. */
  #wordEnd = 0;

  /** Reads bytes[at, end), what stands behind <bytes> of a put; returns which of PUT_END it is. */
  read(bytes: Uint8Array, at: number, end: number): number {
    this.length = 0;
    this.ackLevel = 0;
    if (at === end) return PUT_END.PLAIN;
    let isWrong = false;
    let words = 0;
    for (let from = skipSpace(bytes, at, end); from < end; words++) {
      if (words === 0 && from === at) return PUT_END.GARBAGE;
      const prefix = PREFIXES.find(({ bytes: name }) => beginsWith(bytes, from, end, name));
      this.#wordEnd = wordEnd(bytes, from, end);
      if (prefix === undefined) return PUT_END.GARBAGE;
      const { row } = prefix;
      if (!this.#readValue(row, bytes, from + prefix.bytes.length, this.#wordEnd)) isWrong = true;
      from = skipSpace(bytes, this.#wordEnd, end);
    }
    if (words === 0) return PUT_END.GARBAGE;
    return isWrong ? PUT_END.WRONG : PUT_END.TAGGED;
  }

  /** Reads a tag's value, bytes[at, end): a name, and perhaps a number; or a number alone. */
  #readValue(row: TagRow, bytes: Uint8Array, at: number, end: number): boolean {
    const { kind, number, words } = row;
    if (!row.hasKey) {
      const alone =
        words === undefined ? readNumber(bytes, at, end) : wordIn(words, bytes, at, end);
      if (number === undefined || alone < number.least) return false;
      if (kind === C.TAG_ACK) this.ackLevel = alone;
      this.#add(kind, alone, kind === C.TAG_MAX ? NOTHING_CHARGED : NO_NAME);
      return true;
    }
    const to = nameEnd(bytes, at, end);
    if (to === at || !mayNameTube(bytes, at, to)) return false;
    let value: number = number?.default ?? 0;
    if (to < end) {
      value = byteAt(bytes, to) === COLON ? readNumber(bytes, to + 1, end) : -1;
      if (number === undefined || value < number.least) return false;
    }
    this.#add(kind, value, bytes.subarray(at, to));
    return true;
  }

  /** Adds an entry; the last of a kind is the one that counts. */
  #add(kind: number, value: number, name: Uint8Array): void {
    this.#drop(kind);
    const size = entryBytes(name.length);
    const at = this.length;
    this.bytes.fill(0, at, at + size);
    this.bytes[at + L.TAG_KIND] = kind;
    this.bytes[at + L.TAG_NAME_BYTES] = name.length;
    this.#view.setUint32(at + L.TAG_NUMBER, value, true);
    this.bytes.set(name, at + L.TAG_NAME);
    this.length += size;
  }

  #drop(kind: number): void {
    for (let at = 0; at < this.length;) {
      const size = entryBytes(this.bytes[at + L.TAG_NAME_BYTES] ?? 0);
      if (this.bytes[at + L.TAG_KIND] !== kind) at += size;
      else {
        this.bytes.copyWithin(at, at + size, this.length);
        this.length -= size;
      }
    }
  }
}

function entryBytes(nameBytes: number): number {
  return L.TAG_NAME + Math.ceil(nameBytes / 8) * 8;
}

/** One tag of a job. */
export interface ShownTag {
  /** Its key; of `max`, nothing for people. */
  readonly name: string;
  /** Its number; 0 of a limit that the job has no more. */
  readonly number: number;
}

/** The tags in entries as the engine shows them, by their kinds; no key that was given up. */
export function shownTags(entries: Uint8Array): ReadonlyMap<number, ShownTag> {
  const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
  const tags = new Map<number, ShownTag>();
  for (let at = 0; at < entries.length;) {
    const nameBytes = view.getUint8(at + L.TAG_NAME_BYTES);
    const from = at + L.TAG_NAME;
    const name = String.fromCharCode(...entries.subarray(from, from + nameBytes));
    const number = view.getUint32(at + L.TAG_NUMBER, true);
    const isGivenUp = view.getUint16(at + L.TAG_GIVEN_UP, true) !== 0;
    if (!isGivenUp) tags.set(view.getUint8(at + L.TAG_KIND), { name, number });
    at += entryBytes(nameBytes);
  }
  return tags;
}

/** A job's tags as a put would be given them. */
export function tagWords(tags: ReadonlyMap<number, ShownTag>): string[] {
  return TAGS.flatMap(({ name, kind, hasKey, number, words }) => {
    const tag = tags.get(kind);
    if (tag !== undefined && words !== undefined) return [`${name}:${words[tag.number - 1] ?? ""}`];
    if (tag === undefined || (!hasKey && tag.number === 0)) return [];
    if (!hasKey) return [`${name}:${tag.number}`];
    return number === undefined || tag.number === number.default
      ? [`${name}:${tag.name}`]
      : [`${name}:${tag.name}:${tag.number}`];
  });
}

/** How many attempts at a job with the tag `max` were charged. */
export function chargedOf(tags: ReadonlyMap<number, ShownTag>): number {
  const counted = tags.get(C.TAG_MAX)?.name ?? "";
  let charged = 0;
  for (let at = Math.min(4, counted.length) - 1; at >= 0; at--) {
    charged = charged * 256 + counted.charCodeAt(at);
  }
  return charged;
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  let index = at;
  while (index < end && isSpace(byteAt(bytes, index))) index++;
  return index;
}

function wordEnd(bytes: Uint8Array, at: number, end: number): number {
  let index = at;
  while (index < end && !isSpace(byteAt(bytes, index))) index++;
  return index;
}

/** The place of a word among these, counted from 1; 0 when it is none of them. */
function wordIn(words: readonly string[], bytes: Uint8Array, at: number, end: number): number {
  return 1 + words.indexOf(String.fromCharCode(...bytes.subarray(at, end)));
}

/** The digits bytes[at, end) as a number below 2^32, or -1. */
function readNumber(bytes: Uint8Array, at: number, end: number): number {
  if (at === end) return -1;
  let value = 0;
  for (let index = at; index < end; index++) {
    const digit = byteAt(bytes, index) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
    if (value > U32_MAX) return -1;
  }
  return value;
}
