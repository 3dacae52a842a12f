/* Key: any text as a word that the protocol takes as a key.
 *
 * Users have keys such as `user:42` or `ann@example.org`; a key on the wire is made like the name
 * of a tube. What cannot stand in one becomes `$` and two hexadecimal digits for each byte.
 * Invariant: different texts become different words.
 */
import { TUBE_NAME_MAX } from "../../assembly/constants.ts";
import { BadOptionError } from "./errors.ts";

const STANDS = /[A-Za-z0-9+/;._()-]/;
const BYTES = new TextEncoder();

/** The word of a text. Throws a BadOptionError when there is none, or it would be too long. */
export function keyWord(what: string, text: string): string {
  const isText = typeof text === "string" && text !== "";
  if (!isText) throw new BadOptionError(`${what}: a key is a text of a character or more`);
  let word = "";
  for (const character of text) word += wordOf(character, word === "");
  if (word.length <= TUBE_NAME_MAX) return word;
  throw new BadOptionError(
    `${what}: the key ${JSON.stringify(text.slice(0, 40))}... takes ${word.length} bytes, and may ` +
      `take ${TUBE_NAME_MAX}; a hash of it will do`,
  );
}

function wordOf(character: string, isFirst: boolean): string {
  if (STANDS.test(character) && !(isFirst && character === "-")) return character;
  const codes = [...BYTES.encode(character)];
  return codes.map((byte) => `$${byte.toString(16).padStart(2, "0")}`).join("");
}
