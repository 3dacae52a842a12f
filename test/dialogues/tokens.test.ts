/* The dialogues of a server that asks for tokens: sessions alone, on the virtual clock. */
import { readFileSync } from "node:fs";
import { afterAll, describe, test } from "vitest";
import { lineFor } from "../support/token-book.ts";
import { Conformance } from "./conformance.ts";
import { parseCases } from "./dialogue.ts";
import { parseDifferences } from "./differences.ts";
import { ONE, SEVERAL } from "./suite.ts";
import { sessionTarget } from "./targets/session.ts";

const FILE = "with-tokens/auth.txt";
const CASES = parseCases(readFileSync(new URL(FILE, import.meta.url), "utf8"), FILE);

const TOKENS = [
  lineFor("PRODUCER", "put:mail.*"),
  lineFor("WORKER", "reserve:mail.*"),
  lineFor("READER", "look:mail.*"),
  lineFor("MANAGER", "manage:mail.*"),
  lineFor("ROOT", "all:*"),
  "anonymous put:jobs",
].join("\n");

for (const shape of [ONE, SEVERAL]) {
  const title = `sessions that ask for tokens, ${shape.threads} threads, ${shape.shards} shards`;
  describe(title, () => {
    const target = sessionTarget({ title, ...shape, tokens: TOKENS });
    const judged = new Conformance(target, parseDifferences("", "none"));
    afterAll(() => target.close());
    for (const dialogue of CASES) test(dialogue.title, () => judged.check(dialogue));
  });
}
