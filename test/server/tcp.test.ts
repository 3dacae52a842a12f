/* What the system refuses while a TCP address is looked at is one line for the operator, wherever
 * it is refused.
 */
import { expect, test, vi } from "vitest";
import { TCP_TRANSPORT } from "../../src/transports/tcp.ts";

const refusal = vi.hoisted(() => Object.assign(new Error("listen EMFILE"), { code: "EMFILE" }));
vi.mock(import("../../src/transports/port-turn.ts"), () => ({
  reserveTurn: () => Promise.reject(refusal),
  takeTurns: () => Promise.reject(refusal),
}));

const address = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
const sockets = [{ address, onlyIpv6: false }];

test.each(["probe", "takeTurns"] as const)("%s: no file is left for the turn of a port", (step) =>
  expect(TCP_TRANSPORT[step]?.(sockets)).rejects.toMatchObject({
    code: "HM_BIND",
    message: "cannot listen on 127.0.0.1:0: listen EMFILE",
    cause: refusal,
  }),
);
