/*
 * The sockets of a server that stands by and redirects: what whoever stops them has to wait for,
 * and what not. None is opened but for the turn of a port.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { openLog } from "../../src/observability/log.ts";
import type { ListenManner, Listener } from "../../src/runtime.ts";
import { Redirect } from "../../src/server/redirect.ts";
import { takeTurns } from "../../src/transports/port-turn.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** Nobody listens there: the turn of a port is a name. */
const ADDRESS = { kind: "tcp", host: "127.0.0.1", port: 1 } as const;
const MANNER: ListenManner = {
  shared: false,
  onlyIpv6: false,
  webSocket: { wsOrigins: [], wsMessageBytes: 65_536, wsIdleMillis: Infinity },
  tls: { tlsCert: undefined, tlsKey: undefined, tlsClientCa: undefined },
  file: { mode: undefined, groupId: undefined },
};

/** What happened, in its order. */
let events: string[];
let opened: PromiseWithResolvers<Listener>;
let everybodyGone: PromiseWithResolvers<void>;
beforeEach(() => {
  events = [];
  opened = Promise.withResolvers();
  everybodyGone = Promise.withResolvers();
});

/** Of a server that stands by, and waits for the turn that `turn` is. */
function redirect(turn: (signal: AbortSignal | undefined) => Promise<() => void>): Redirect {
  const note = (what: string) => (): void => void events.push(what);
  const sink = { write: note("complained"), dropped: 0, hasRoom: true, onRoom: () => undefined };
  return new Redirect({
    addresses: {
      takeTurns: (_, signal) => turn(signal),
      ordersFor: () => [{ address: ADDRESS, manner: MANNER }],
    },
    some: [ADDRESS],
    leadership: { standsBy: Promise.resolve(), elsewhere: "" },
    runtime: { listen: () => opened.promise },
    clock: new VirtualClock(),
    log: openLog({ verbosity: 0, sink }),
    say: note("said"),
  });
}

const AT_ONCE = (): Promise<() => void> => Promise.resolve(() => undefined);

/** An address that is listened on. */
function listener(): Listener {
  return {
    stopAccepting: () => void events.push("closed"),
    finish: () => everybodyGone.promise.then(() => void events.push("gone")),
  };
}

test("whoever stops it a second time waits as the first does: until it is closed, or all are gone", async () => {
  const one = redirect(AT_ONCE);
  await nextTurn();
  void one.stop().then(() => events.push("stopped"));
  void one.stop().then(() => events.push("stopped again"));
  const ended = one.end().then(() => events.push("ended"));
  await nextTurn();
  expect(events).toEqual([]); // it is about to listen
  opened.resolve(listener());
  await nextTurn();
  expect(events).toEqual(["said", "closed", "stopped", "stopped again"]);
  everybodyGone.resolve();
  await ended;
  expect(events.slice(4)).toEqual(["gone", "ended"]);
});

test("whoever stops it does not wait until others have had their turn", async () => {
  const giveBack = await takeTurns([ADDRESS.port]); // another server is starting there
  try {
    let isWaiting = false;
    const one = redirect((signal) => {
      isWaiting = true;
      return takeTurns([ADDRESS.port], signal);
    });
    await nextTurn();
    expect(isWaiting).toBe(true);
    const begun = performance.now();
    await one.end();
    expect(performance.now() - begun).toBeLessThan(5000); // else it is 10 s
    expect(events).toEqual([]);
  } finally {
    giveBack();
  }
});
