/* Fingerprint: by what failure messages are told apart: their headlines, without what differs from
 * one job to the next. Used by job-scan.ts, failure-groups.ts and jobs.ts.
 *
 * Messages are any bytes: two that differ in what is no UTF-8 stay apart. This runs for thousands
 * of messages per request, so of a long headline its two ends count.
 */
import { createHash } from "node:crypto";
import { headlineOf } from "./headline.ts";
import { withoutVariableParts } from "./variable-parts.ts";

/** Of a headline longer than twice this, so many bytes from each end are looked at. */
const END_BYTES = 4096;
/** So many characters from each end count once the variable parts are out. */
const END_CHARACTERS = 1024;
const KEY_DIGITS = 16;
/** Most bytes of a headline that is shown. */
const SHOWN_BYTES = 512;

/** What a message comes down to. */
export interface Fingerprint {
  /** The same for all messages of a group, whatever their tube. */
  readonly common: string;
  /** The first line of the headline as it stands in the message, or its beginning. */
  readonly headline: Uint8Array<ArrayBuffer>;
}

/** The fingerprint of a message. */
export function fingerprintOf(message: Uint8Array): Fingerprint {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const headline = headlineOf(bytes.toString("latin1"));
  const [line = ""] = headline.split("\n", 1);
  return {
    common: commonOf(headline),
    headline: Uint8Array.from(Buffer.from(line.slice(0, SHOWN_BYTES), "latin1")),
  };
}

function commonOf(headline: string): string {
  if (headline.length > 2 * END_BYTES) {
    const head = withoutVariableParts(headline.slice(0, END_BYTES)).slice(0, END_CHARACTERS);
    return head + withoutVariableParts(headline.slice(-END_BYTES)).slice(-END_CHARACTERS);
  }
  const all = withoutVariableParts(headline);
  if (all.length <= 2 * END_CHARACTERS) return all;
  return all.slice(0, END_CHARACTERS) + all.slice(-END_CHARACTERS);
}

/**
 * The key of the group of those messages of a tube that have this in common: 16 hexadecimal digits.
 */
export function groupKey(tube: string, common: string): string {
  const text = `${tube}\n${common}`;
  return createHash("sha256").update(text).digest("hex").slice(0, KEY_DIGITS);
}
