/* Given: the tags that a job has which is put into a tube for which some are set. Used by
 * clients.ts and batches.ts.
 */
import * as C from "../../assembly/constants.ts";
import { ACK_LEVELS, TAGS } from "../../src/protocol/tags.ts";

/** Which setting gives which tag, and how the tag says its value. */
const GIVEN = [
  { name: "exp", setting: C.SETTING_EXP, say: String },
  { name: "max", setting: C.SETTING_MAX, say: String },
  { name: "ack", setting: C.SETTING_ACK, say: (value: number) => ACK_LEVELS[value - 1] ?? "" },
] as const;

/** The words of a put, and what the tube gives beside them; `settings` as in the ledger. */
export function withGiven(words: string, settings = ""): string {
  const values = settings === "" ? [] : settings.split(",").map(Number);
  const own = new Map(
    words.split(" ").flatMap((word) => {
      const [name = ""] = word.split(":", 1);
      return word === "" ? [] : [[name, word] as const];
    }),
  );
  for (const { name, setting, say } of GIVEN) {
    const value = values[setting] ?? C.NOT_SET;
    if (value !== C.NOT_SET && !own.has(name)) own.set(name, `${name}:${say(value)}`);
  }
  return TAGS.flatMap(({ name }) => (own.has(name) ? [` ${own.get(name) ?? ""}`] : [])).join("");
}
