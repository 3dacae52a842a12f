/* Contest: servers that are started at one address at once, of which one may serve. Called by
 * one-address.test.ts, and with other runtimes by one-address.long.test.ts.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";
import type { Options } from "../../src/config/options.ts";
import { EchoProcess } from "../server/echo/process.ts";
import { amount } from "../support/amount.ts";
import { until } from "../support/until.ts";

/** How often a contest is held. */
export const ROUNDS = amount({ usual: 2, thorough: 6 });

/** An address that a server listens on. */
export type Listen = Options["listen"][number];

/** A port of an address. */
export const tcp = (host: string, port: number): Listen => ({ kind: "tcp", host, port });
/** What who comes too late says of a port. */
export const IN_USE = /^homemaker: cannot listen on \S+: the port is in use by another process\n$/;
/** What who comes too late says of a Unix socket. */
export const PATH_IN_USE =
  /homemaker: cannot listen on unix:\S+: the socket is in use by another process\n$/;

/** Whether it serves or has ended. */
export function isSettled(server: EchoProcess): boolean {
  return server.isGone || server.readyLines.length === 1;
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  await using server = createServer().listen(0, "0.0.0.0");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Starts a server for each address at once; resolves when each serves or has ended. */
export async function startTogether(
  listen: readonly Listen[],
  runtime?: readonly string[],
  prefix: readonly string[] = [],
): Promise<readonly EchoProcess[]> {
  const servers = listen.map(
    (one) => new EchoProcess({ threads: 2, listen: [one] }, runtime, prefix),
  );
  await until("each serves or has ended", () => servers.every(isSettled));
  return servers;
}

/** Expects that one serves, and that all others ended as they should. */
export async function expectOne(servers: readonly EchoProcess[], line: RegExp): Promise<void> {
  const others = servers.filter((server) => server.isGone);
  expect(servers.length - others.length).toBe(1);
  for (const other of others) {
    expect(other.errors).toMatch(line);
    expect([other.ending, other.output]).toEqual([1, ""]);
  }
  await Promise.all(servers.filter((server) => !server.isGone).map((server) => server.kill()));
}

/**
 * Expects of each of several contests for a port that one serves, and that the others say why not.
 */
export async function expectNoSharedPort(runtime?: readonly string[]): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const port = await freePort();
    const listen = Array.from({ length: 3 }, () => tcp("127.0.0.1", port));
    await expectOne(await startTogether(listen, runtime), IN_USE);
  }
}
