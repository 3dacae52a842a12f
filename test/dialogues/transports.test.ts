/*
 * The dialogues with sessions alone behind WebSockets and behind TLS, in virtual time: one of each
 * file. All of them, and real servers, are transports.long.test.ts.
 *
 * @module-tag openssl
 */
import { inCell } from "../support/matrix.ts";
import { seedHere } from "../support/replay.ts";
import { Trust } from "../support/secure-server.ts";
import { holdDialogues, ONE, sample, SEVERAL } from "./suite.ts";
import { secureSessionTarget } from "./targets/secure-session.ts";
import { sessionTarget } from "./targets/session.ts";

const seed = seedHere();
const replay = { seed, file: "test/dialogues/transports.test.ts" };
const framed = { title: "sessions alone, behind WebSockets", framing: seed };
const secure = { title: "sessions alone, behind TLS" };
const { credentials } = Trust.ofFile();

holdDialogues(sessionTarget({ ...framed, ...SEVERAL }), {
  ...inCell("node", "WebSocket", "dialogues"),
  of: sample,
  replay,
});
holdDialogues(secureSessionTarget({ ...secure, ...ONE }, credentials), {
  ...inCell("node", "TLS", "dialogues"),
  of: sample,
});
