/*
 * The dialogues of a server that asks for tokens: sessions alone, on the virtual clock, as they are
 * and behind WebSockets, TLS and both.
 *
 * @module-tag openssl
 */
import { seedHere } from "../support/replay.ts";
import { Trust } from "../support/secure-server.ts";
import { holdDialogues, ONE, SEVERAL } from "./suite.ts";
import { secureSessionTarget } from "./targets/secure-session.ts";
import { sessionTarget } from "./targets/session.ts";
import { tokenCases, TOKENS } from "./with-tokens/tokens.ts";

const seed = seedHere();
const replay = { seed, file: "test/dialogues/tokens.test.ts" };
const { credentials } = Trust.ofFile();
const asking = "sessions that ask for tokens";
const framed = { framing: seed, tokens: TOKENS };

for (const shape of [ONE, SEVERAL]) {
  const title = `${asking}, ${shape.threads} threads, ${shape.shards} shards`;
  holdDialogues(sessionTarget({ title, tokens: TOKENS, ...shape }), { of: tokenCases });
}
const overWebSockets = sessionTarget({ title: `${asking}, WebSockets`, ...SEVERAL, ...framed });
holdDialogues(overWebSockets, { of: tokenCases, replay });
const tls = { title: `${asking}, TLS`, tokens: TOKENS, ...SEVERAL };
holdDialogues(secureSessionTarget(tls, credentials), { of: tokenCases });
const wss = { title: `${asking}, WebSockets inside TLS`, ...ONE, ...framed };
holdDialogues(secureSessionTarget(wss, credentials), { of: tokenCases, replay });
