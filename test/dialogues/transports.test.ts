/*
 * The dialogues with sessions alone behind WebSockets and behind TLS, in virtual time: one of each
 * file; and some behind both, others each time. All of them, and real servers, are
 * transports.long.test.ts.
 *
 * @module-tag openssl
 */
import { someOf } from "../support/amount.ts";
import { inCell } from "../support/matrix.ts";
import { seedHere } from "../support/replay.ts";
import { Trust } from "../support/secure-server.ts";
import { holdDialogues, ONE, sample, SEVERAL } from "./suite.ts";
import { secureSessionTarget } from "./targets/secure-session.ts";
import { sessionTarget } from "./targets/session.ts";

/** How many of them go by wss:// as well. */
const BEHIND_BOTH = 12;
const seed = seedHere();
const replay = { seed, file: "test/dialogues/transports.test.ts" };
const framed = { title: "sessions alone, behind WebSockets", framing: seed };
const secure = { title: "sessions alone, behind TLS" };
const both = { title: "sessions alone, behind WebSockets inside TLS", framing: seed };
const { credentials } = Trust.ofFile();

const overWebSockets = { ...inCell("node", "WebSocket", "dialogues"), replay };

holdDialogues(sessionTarget({ ...framed, ...SEVERAL }), { ...overWebSockets, of: sample });
holdDialogues(secureSessionTarget({ ...both, ...ONE }, credentials), {
  ...overWebSockets,
  of: someOf(sample, BEHIND_BOTH, seed),
});
holdDialogues(secureSessionTarget({ ...secure, ...ONE }, credentials), {
  ...inCell("node", "TLS", "dialogues"),
  of: sample,
});
