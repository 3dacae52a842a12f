/*
 * The client, and a queue, by TLS.
 *
 * @module-tag openssl
 */
import { expect, test } from "vitest";
import { connect } from "../../src/entries/client.ts";
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import { SecureServer, Trust } from "../support/secure-server.ts";

const trust = Trust.ofFile();
const { authority } = trust;
const ca = authority.cert;

test("does the life of a job by TLS, with an authority of one's own", async () => {
  const { port } = await SecureServer.start(trust);
  await using client = await connect(`tls://127.0.0.1:${port}`, { tls: { ca } });
  const body = "x".repeat(50_000);
  const { id } = await client.put(body);
  const job = await client.reserve();
  expect({ id: job.id, text: job.text }).toEqual({ id, text: body });
  await job.delete();
  await expect(client.peek(id)).resolves.toBeUndefined();
});

test("a server that nobody vouches for is not connected to, and the error says why", async () => {
  const { port } = await SecureServer.start(trust);
  const connecting = connect(`tls://127.0.0.1:${port}`, { connectTimeoutMs: 500 });
  await expect(connecting).rejects.toMatchObject({
    code: "HM_UNREACHABLE",
    message: expect.stringMatching(/unable to verify|self.signed/),
  });
});

test("the name on the certificate is looked at, and may be said", async () => {
  const { port } = await SecureServer.start(trust);
  const address = `tls://127.0.0.1:${port}`;
  const wrong = { ca, serverName: "queue.example.org" };
  await expect(connect(address, { tls: wrong, connectTimeoutMs: 500 })).rejects.toMatchObject({
    code: "HM_UNREACHABLE",
    message: expect.stringContaining("does not match certificate"),
  });
  await using client = await connect(address, { tls: { ca, serverName: "localhost" } });
  await expect(client.use("a")).resolves.toBe("a");
});

test("shows its own certificate where the server wants one", async () => {
  const { port } = await SecureServer.start(trust, ["--tls-client-ca", authority.path]);
  const { cert, key } = authority.issue("a client");
  await using client = await connect(`tls://127.0.0.1:${port}`, { tls: { ca, cert, key } });
  await expect(client.use("a")).resolves.toBe("a");
});

test("a queue and its worker reach their server by TLS", async () => {
  const { port } = await SecureServer.start(trust);
  await using queue = await openQueue(`homemaker+tls://127.0.0.1:${port}`, { tls: { ca } });
  const job = defineJob("double", {
    payload: unchecked<number>(),
    result: unchecked<number>(),
    lease: "2s",
  });
  await using worker = createWorker(queue, { handlers: [job.handler((number) => 2 * number)] });
  void worker.run();
  await expect(queue.call(job, 21)).resolves.toBe(42);
});
