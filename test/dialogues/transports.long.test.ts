/*
 * The dialogues over WebSockets and over TLS: all of them with sessions alone, in virtual time, but
 * for the two that have to come at once, which WebSockets cut; and in real time with servers a half
 * by WebSockets and the other half by TLS, where the seed says which. By wss:// go a half in
 * virtual time and a quarter in real time. Of those that need a server of their own, which takes a
 * while to start, a few are played. Where THOROUGH is set all go by each, and the sessions come in
 * another shape as well. The dialogues with tokens go in real time by each.
 *
 * @module-tag openssl
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { IS_THOROUGH, someOf } from "../support/amount.ts";
import { inCell } from "../support/matrix.ts";
import { seedHere } from "../support/replay.ts";
import { Trust } from "../support/secure-server.ts";
import { brief, cases, divisible, holdDialogues, ONE, SEVERAL } from "./suite.ts";
import { homemakerTarget } from "./targets/homemaker.ts";
import { secureSessionTarget } from "./targets/secure-session.ts";
import { sessionTarget } from "./targets/session.ts";
import { ROOT, tokenCases, TOKENS } from "./with-tokens/tokens.ts";

/** How many of those that need a server of their own get one. */
const OWN_SERVERS = 16;
const seed = seedHere();
const replay = { seed, file: "test/dialogues/transports.long.test.ts" };
const { credentials, directory } = Trust.ofFile();
const path = join(directory, "tokens");
writeFileSync(path, TOKENS);
const overWebSockets = { ...inCell("node", "WebSocket", "dialogues"), replay };
const overTls = { ...inCell("node", "TLS", "dialogues"), replay };

const all = IS_THOROUGH ? cases : brief;
const choosy = all.filter(({ fresh }) => fresh);
const own = someOf(choosy, OWN_SERVERS, seed);
const real = all.filter((dialogue) => !dialogue.fresh || own.includes(dialogue));
const few = divisible(all);
const partInBoth = someOf(few, Math.ceil(few.length / 2), seed);
const half = someOf(real, Math.ceil(real.length / 2), seed);
const rest = IS_THOROUGH ? real : real.filter((dialogue) => !half.includes(dialogue));

for (const shape of IS_THOROUGH ? [ONE, SEVERAL] : [ONE]) {
  const sessions = `sessions alone, ${shape.threads} threads, ${shape.shards} shards`;
  const framed = sessionTarget({ title: `${sessions}, WebSockets`, ...shape, framing: seed });
  holdDialogues(framed, { ...overWebSockets, of: few });
  const secure = secureSessionTarget({ title: `${sessions}, TLS`, ...shape }, credentials);
  holdDialogues(secure, { ...overTls, of: all });
  const both = { title: `${sessions}, WebSockets inside TLS`, ...shape, framing: seed };
  holdDialogues(secureSessionTarget(both, credentials), { ...overWebSockets, of: partInBoth });
}

const webSocket = { title: "homemaker, WebSockets", listen: "ws", ...ONE } as const;
const tls = { title: "homemaker, TLS", listen: "tls", credentials, ...ONE } as const;
const wss = {
  title: "homemaker, WebSockets inside TLS",
  listen: "wss",
  credentials,
  ...ONE,
} as const;
const quarter = someOf(real, Math.ceil(real.length / 4), seed + 1);
const WAYS = [
  { way: webSocket, cell: overWebSockets, of: half },
  { way: tls, cell: overTls, of: rest },
  { way: wss, cell: overWebSockets, of: quarter },
];
for (const { way, cell, of } of WAYS) {
  holdDialogues(homemakerTarget(way), { ...cell, of });
  const asking = {
    ...way,
    title: `${way.title}, that asks for tokens`,
    tokens: { path, root: ROOT },
  };
  holdDialogues(homemakerTarget(asking), { ...cell, of: tokenCases });
}
