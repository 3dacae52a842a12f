/*
 * A server that is stopped in the middle of everything, and then killed: whoever came meanwhile
 * lies in its backlog, unanswered. Its client ends in time with an error that says what it is, or
 * has a connection to the next server at that place.
 *
 * @module-tag openssl
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/entries/client.ts";
import type { ClientOptions } from "../../src/entries/client.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { portOf, Trust } from "../support/secure-server.ts";
import type { ServerProcess } from "../support/server-process.ts";

const trust = Trust.ofFile();
const { certPath, keyPath, ca } = trust.credentials;
/** Long enough for a connection to be in the backlog. */
const BACKLOG_MS = 300;
const IN_TIME_MS = 20_000;

/** A server at four places, and those. */
async function startEverywhere(ports = { ws: 0, tls: 0 }) {
  const path = join(trust.directory, "socket");
  const addresses = [`unix:${path}`, `ws://127.0.0.1:${ports.ws}`, `tls://127.0.0.1:${ports.tls}`];
  const server = await startHomemaker({
    threads: 1,
    flags: [...addresses.flatMap((address) => ["-l", address]), ...files()],
  });
  onTestFinished(() => server.stop());
  const [ws, tls] = [await portOf(server, "ws"), await portOf(server, "tls")];
  const tcp = "port" in server.address ? server.address.port : 0;
  const places = [
    `127.0.0.1:${tcp}`,
    `unix:${path}`,
    `ws://127.0.0.1:${ws}`,
    `tls://127.0.0.1:${tls}`,
  ];
  return { server, places, ports: { ws, tls } };
}

function files(): readonly string[] {
  return ["--tls-cert", certPath, "--tls-key", keyPath];
}

/** How the attempts at those places end: "connected", or with which code. */
function attempts(places: readonly string[], options: ClientOptions): Promise<readonly string[]> {
  return Promise.all(
    places.map(async (place) => {
      const tls = place.startsWith("tls:") ? { ca } : undefined;
      try {
        await using client = await connect(place, { ...options, tls });
        await client.stats();
        return "connected";
      } catch (error) {
        return String(error instanceof Error && "code" in error ? error.code : error);
      }
    }),
  );
}

async function killAfterAWhile(server: ServerProcess): Promise<void> {
  await sleep(BACKLOG_MS);
  server.signal("SIGKILL");
  await server.stop();
}

test("whoever lies in the backlog of a stopped server that is killed is told, or has the next one", async () => {
  const { server, places, ports } = await startEverywhere();
  server.signal("SIGSTOP");
  const told = attempts(places, { connectTimeoutMs: 2000 });
  const lasting = attempts(places.slice(1), { connectTimeoutMs: IN_TIME_MS });
  await killAfterAWhile(server);
  expect(await told).toEqual(places.map(() => "HM_UNREACHABLE"));
  const next = await startEverywhere(ports);
  expect(next.ports).toEqual(ports);
  expect(await lasting).toEqual(places.slice(1).map(() => "connected"));
});

test("a server that stays stopped is given up in time, and what is asked of it too", async () => {
  const { server, places } = await startEverywhere();
  const clients = await Promise.all(
    places.map((place) => connect(place, { tls: place.startsWith("tls:") ? { ca } : undefined })),
  );
  server.signal("SIGSTOP");
  expect(await attempts(places, { connectTimeoutMs: 500 })).toEqual(
    places.map(() => "HM_UNREACHABLE"),
  );
  const asked = clients.map((client) =>
    client.stats({ timeoutMs: 1000 }).catch((error) => error.code),
  );
  expect(await Promise.all(asked)).toEqual(places.map(() => "HM_TIMEOUT"));
  const later = clients.map((client) =>
    client.stats({ timeoutMs: 3000 }).catch((error) => error.code),
  );
  await killAfterAWhile(server);
  for (const end of await Promise.all(later))
    expect(["HM_UNREACHABLE", "HM_TIMEOUT", "HM_LOST"]).toContain(end);
  await Promise.all(clients.map((client) => client.close()));
});
