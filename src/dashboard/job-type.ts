/* Job type: what kind of job a body says that it is, where it is one of the framework's
 * (worker/envelope.ts) or of another program's that writes the same: an object of JSON with `type`,
 * alone or as the first line of the body.
 */

const LF = 0x0a;
const OPENING = 0x7b;
const STRICT = new TextDecoder("utf-8", { fatal: true });
/** The framework writes the type first, so that it can be read in the beginning of a body. */
const BEGINNING = /^\{"type":("(?:[^"\\]|\\.)*")/;

/** The type; undefined if the body says none. It is what a client wrote, to be shown as such. */
export function jobType(body: Uint8Array): string | undefined {
  if (body[0] !== OPENING) return undefined;
  const end = body.indexOf(LF);
  const head = end < 0 ? body : body.subarray(0, end);
  const [, first] = BEGINNING.exec(new TextDecoder().decode(head)) ?? [];
  const value = first === undefined ? (typeIn(head) ?? typeIn(body)) : parsed(first);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function typeIn(bytes: Uint8Array): unknown {
  try {
    const value = parsed(STRICT.decode(bytes));
    return typeof value === "object" && value !== null ? Reflect.get(value, "type") : undefined;
  } catch (error) {
    if (error instanceof TypeError) return undefined; // it is no text
    throw error;
  }
}

/** A value of JSON; undefined if the text is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A RangeError is a text too deep to be read.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}
