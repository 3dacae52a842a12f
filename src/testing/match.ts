/* Match: whether a payload is what a test wants: a part of it, or what a function says. */

/** What a payload must have in it, or a function that knows. */
export type Wanted<Payload> = Part<Payload> | ((payload: Payload) => boolean);

/** A value with any of its members left out, at any depth. */
export type Part<Value> = Value extends readonly unknown[] | Date | Uint8Array
  ? Value
  : Value extends object
    ? { readonly [Key in keyof Value]?: Part<Value[Key]> }
    : Value;

/** Whether the payload is what is wanted; anything is if nothing was said. */
export function isWanted<Payload>(payload: Payload, wanted: Wanted<Payload> | undefined): boolean {
  if (wanted === undefined) return true;
  if (typeof wanted === "function") return (wanted as (payload: Payload) => boolean)(payload);
  return includes(payload, wanted);
}

function includes(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return Object.is(value, wanted);
  if (typeof value !== "object" || value === null) return false;
  if (wanted instanceof Date) {
    return value instanceof Date && value.getTime() === wanted.getTime();
  }
  if (lengthOf(value) !== lengthOf(wanted)) return false;
  return Object.entries(wanted).every(([key, part]) => includes(Reflect.get(value, key), part));
}

/** Of arrays and bytes, which are the same only when they are as long; else undefined. */
function lengthOf(value: object): number | undefined {
  return Array.isArray(value) || value instanceof Uint8Array ? value.length : undefined;
}
