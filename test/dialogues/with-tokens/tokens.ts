/* The dialogues of a server that asks for tokens, and the tokens that they show. */
import { readFileSync } from "node:fs";
import { lineFor } from "../../support/token-book.ts";
import { parseCases } from "../dialogue.ts";

const FILE = "auth.txt";
const TEXT = readFileSync(new URL(FILE, import.meta.url), "utf8");

export const tokenCases = parseCases(TEXT, `with-tokens/${FILE}`);

/** The token that may do everything. */
export const ROOT = "ROOT";
/** The text of the file of tokens. */
export const TOKENS = [
  lineFor("PRODUCER", "put:mail.*"),
  lineFor("WORKER", "reserve:mail.*"),
  lineFor("READER", "look:mail.*"),
  lineFor("MANAGER", "manage:mail.*"),
  lineFor(ROOT, "all:*"),
  "anonymous put:jobs",
].join("\n");
