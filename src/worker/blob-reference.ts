/* Blob reference: the short body that stands in the queue for a long one in a store, and the keys
 * there.
 *
 *   {"hm":{"blob":{"key":"1732871234567-6f0c...","bytes":70000,"sha256":"9f86..."}},"type":"mail"}
 *
 * The type is there for people and for workers that know of no store. Beside each blob may lie a
 * note with the id of its job, by which a sweep knows whose it is.
 */

/** What a reference says. */
export interface BlobReference {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
}

const BEGINNING = '{"hm":{"blob":{';
/** No reference is longer. */
const REFERENCE_BYTES_MAX = 4096;
const TYPE = /^\{"type":("(?:[^"\\]|\\.)*")/;
const NOTE = ".job";
const KEY = /^(\d{13,})-[0-9a-f-]{36}$/;
const BYTES = new TextEncoder();
const TEXT = new TextDecoder();

/** The body that refers to another one. */
export function referenceTo(body: Uint8Array, blob: BlobReference): Uint8Array {
  const [, type] = TYPE.exec(TEXT.decode(body.subarray(0, REFERENCE_BYTES_MAX / 2))) ?? [];
  const named = type === undefined ? "" : `,"type":${type}`;
  return BYTES.encode(`{"hm":${JSON.stringify({ blob })}${named}}`);
}

/** What a body refers to; undefined if it is itself what was put. */
export function referenceIn(body: Uint8Array): BlobReference | undefined {
  if (body.length > REFERENCE_BYTES_MAX || !begins(body)) return undefined;
  try {
    const { hm } = JSON.parse(TEXT.decode(body)) as { readonly hm?: { readonly blob?: unknown } };
    const { key, bytes, sha256 } = (hm?.blob ?? {}) as Partial<BlobReference>;
    const isWhole =
      typeof key === "string" && typeof bytes === "number" && typeof sha256 === "string";
    return isWhole ? { key, bytes, sha256 } : undefined;
  } catch {
    return undefined; // it only begins so
  }
}

function begins(body: Uint8Array): boolean {
  for (let at = 0; at < BEGINNING.length; at++) {
    if (body[at] !== BEGINNING.charCodeAt(at)) return false;
  }
  return true;
}

/** A key that nobody has used. */
export function newKey(nowMillis: number): string {
  return `${String(nowMillis).padStart(13, "0")}-${crypto.randomUUID()}`;
}

/** When the blob of that key was made; undefined if it is none of ours. */
export function madeAtMillis(key: string): number | undefined {
  const [, millis] = KEY.exec(key) ?? [];
  return millis === undefined ? undefined : Number(millis);
}

/** The key of the note beside a blob. */
export function noteOf(key: string): string {
  return key + NOTE;
}

/** The key of the blob that a note is beside; undefined if it is no note. */
export function notedKey(key: string): string | undefined {
  return key.endsWith(NOTE) ? key.slice(0, -NOTE.length) : undefined;
}

/** The SHA-256 of some bytes. */
export async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
