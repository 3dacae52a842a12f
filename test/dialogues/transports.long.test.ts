/*
 * The dialogues over WebSockets and over TLS: all of them with sessions alone, in virtual time, but
 * for the two that have to come at once, which WebSockets cut; and in real time with servers a half
 * by WebSockets and the other half by TLS, where the seed says which. Of those that need a server
 * of their own, which takes a while to start, a few are played. Where THOROUGH is set all go by
 * both, and the sessions come in another shape as well.
 *
 * @module-tag openssl
 */
import { IS_THOROUGH, someOf } from "../support/amount.ts";
import { inCell } from "../support/matrix.ts";
import { seedHere } from "../support/replay.ts";
import { Trust } from "../support/secure-server.ts";
import { brief, cases, divisible, holdDialogues, ONE, SEVERAL } from "./suite.ts";
import { homemakerTarget } from "./targets/homemaker.ts";
import { secureSessionTarget } from "./targets/secure-session.ts";
import { sessionTarget } from "./targets/session.ts";

/** How many of those that need a server of their own get one. */
const OWN_SERVERS = 16;
const seed = seedHere();
const replay = { seed, file: "test/dialogues/transports.long.test.ts" };
const { credentials } = Trust.ofFile();
const overWebSockets = { ...inCell("node", "WebSocket", "dialogues"), replay };
const overTls = { ...inCell("node", "TLS", "dialogues"), replay };

const all = IS_THOROUGH ? cases : brief;
const choosy = all.filter(({ fresh }) => fresh);
const own = someOf(choosy, OWN_SERVERS, seed);
const real = all.filter((dialogue) => !dialogue.fresh || own.includes(dialogue));
const half = someOf(real, Math.ceil(real.length / 2), seed);
const rest = IS_THOROUGH ? real : real.filter((dialogue) => !half.includes(dialogue));

for (const shape of IS_THOROUGH ? [ONE, SEVERAL] : [ONE]) {
  const sessions = `sessions alone, ${shape.threads} threads, ${shape.shards} shards`;
  const framed = sessionTarget({ title: `${sessions}, WebSockets`, ...shape, framing: seed });
  holdDialogues(framed, { ...overWebSockets, of: divisible(all) });
  const secure = secureSessionTarget({ title: `${sessions}, TLS`, ...shape }, credentials);
  holdDialogues(secure, { ...overTls, of: all });
}

const webSocket = { title: "homemaker, WebSockets", listen: "ws", ...ONE } as const;
const tls = { title: "homemaker, TLS", listen: "tls", credentials, ...ONE } as const;
holdDialogues(homemakerTarget(webSocket), { ...overWebSockets, of: half });
holdDialogues(homemakerTarget(tls), { ...overTls, of: rest });
