/* Outbox row: what is wrong with a row that is to become a job, and how it is put. Used by
 * outbox.ts and outbox-queue.ts.
 */
import type { PutOptions, PutTags } from "../client/commands/put.ts";
import type { OutboxRow } from "../outbox.ts";
import { asciiBytes } from "../protocol/ascii.ts";
import { PUT_END, PutTags as TagReader, shownTags, TAGS } from "../protocol/tags.ts";
import type { ShownTag, TagRow } from "../protocol/tags.ts";
import { isTubeNameText, TUBE_NAME_RULE } from "../protocol/tube-name.ts";
import { delaySeconds } from "../worker/client-put.ts";

/** Where marks are, and nothing else. */
export const MARKS_TUBE = "hm.outbox";
const U32_MAX = 0xffff_ffff;
const LINE = /^[\x20-\x7e]*$/;
/** Longer than all tags together can be that make sense. */
const TAGS_LENGTH_MAX = 2000;
/** What the number behind a key is called, by its tag. */
const NUMBERS: Readonly<Record<string, string>> = {
  idp: "ttlSeconds",
  con: "limit",
  fair: "weight",
};
const reader = new TagReader();

/** Why a row can never be a job; undefined if it may be. */
export function problemOf(row: OutboxRow, bodyBytesMax: number): string | undefined {
  const { tube, bodyBytes, priority, delayMillis, ttrSeconds, tags } = row;
  if (!isTubeNameText(tube)) return `tube: ${TUBE_NAME_RULE}`;
  if (tube === MARKS_TUBE) return `tube: ${MARKS_TUBE} is the server's own`;
  if (bodyBytes > bodyBytesMax) {
    return `body: it has ${bodyBytes} bytes; the server takes ${bodyBytesMax}`;
  }
  if (!isWhole(priority, 0)) return `priority: a whole number from 0 to ${U32_MAX}`;
  if (Number.isNaN(delayMillis)) return "created_at: a moment";
  if (!(delayMillis >= 0 && delaySeconds(delayMillis) <= U32_MAX)) return "delay_millis: too long";
  if (!isWhole(ttrSeconds, 1)) return `ttr_seconds: a whole number from 1 to ${U32_MAX}`;
  return tagsIn(tags) === undefined ? "tags: they are not as behind <bytes> of a put" : undefined;
}

/** How a row is put in which nothing is wrong. */
export function putOptionsOf({ priority, delayMillis, ttrSeconds, tags }: OutboxRow): PutOptions {
  return {
    pri: priority,
    delaySeconds: delaySeconds(delayMillis),
    ttrSeconds,
    tags: tagsIn(tags) ?? {},
  };
}

function isWhole(value: number, least: number): boolean {
  return Number.isInteger(value) && value >= least && value <= U32_MAX;
}

/** Tags as a client says them; undefined if something is wrong with them. */
function tagsIn(text: string): PutTags | undefined {
  const words = text.trim();
  if (words === "") return {};
  if (!LINE.test(words) || words.length > TAGS_LENGTH_MAX) return undefined;
  const line = asciiBytes(` ${words}`);
  if (reader.read(line, 0, line.length) !== PUT_END.TAGGED) return undefined;
  const shown = shownTags(reader.bytes.subarray(0, reader.length));
  const said = TAGS.flatMap((row) => {
    const tag = shown.get(row.kind);
    return tag === undefined ? [] : [[row.name, saidOf(row, tag)] as const];
  });
  return Object.fromEntries(said);
}

function saidOf({ name, hasKey, words, number }: TagRow, tag: ShownTag): unknown {
  if (words !== undefined) return words[tag.number - 1];
  if (!hasKey) return tag.number;
  const counted = NUMBERS[name];
  if (number === undefined || counted === undefined) return tag.name;
  return { key: tag.name, [counted]: tag.number };
}
