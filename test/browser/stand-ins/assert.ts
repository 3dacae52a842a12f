/* Stand-in for node:assert in a browser: those assertions of it that the walks make. */

/** What was not as it should be. */
class AssertionError extends Error {
  override readonly name = "AssertionError";
  readonly code = "ERR_ASSERTION";
}

export function ok(found: unknown, message = "not so"): void {
  if (!found) throw new AssertionError(message);
}

export function strictEqual(found: unknown, wanted: unknown, message?: string): void {
  if (!Object.is(found, wanted)) throw different(found, wanted, message);
}

/** Of plain objects, arrays, maps, sets, bytes and what is no object. */
export function deepStrictEqual(found: unknown, wanted: unknown, message?: string): void {
  if (!isSame(found, wanted)) throw different(found, wanted, message);
}

function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (!isObject(one) || !isObject(other)) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  if (one instanceof Map || one instanceof Set) {
    return isSame([...one], [...(other as Iterable<unknown>)]);
  }
  const names = Object.keys(one);
  const others = other as Readonly<Record<string, unknown>>;
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => name in other && isSame(Reflect.get(one, name), others[name]))
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function different(found: unknown, wanted: unknown, message = "not the same"): AssertionError {
  return new AssertionError(`${message}\n  found   ${shown(found)}\n  wanted  ${shown(wanted)}`);
}

function shown(value: unknown): string {
  const whole = JSON.stringify(value, (_name, one: unknown) =>
    typeof one === "bigint" ? `${one}n` : one instanceof Map ? [...one] : one,
  );
  return whole ?? String(value);
}
