/* A job's body over HTTP: all of it comes, whatever becomes of the job meanwhile. */
import { once } from "node:events";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { HttpPort, talk } from "./http-port.ts";

/** More than lies between the server and a client that does not read. */
const BODY = Buffer.alloc(40_000_000, "a body that is downloaded ");

test("a body that is being downloaded comes whole although its job is deleted", async () => {
  await using http = await HttpPort.start({ maxJobSizeBytes: BODY.length });
  const put = `put 0 0 600 ${BODY.length}\r\n${BODY.toString("latin1")}\r\n`;
  expect(await talk(http, put)).toBe("INSERTED 1\r\n");
  const asked = request({ host: "127.0.0.1", port: http.port, path: "/api/v1/jobs/1/body" });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const [first] = (await once(response, "data")) as [Buffer];
  response.pause();
  expect(await talk(http, "delete 1\r\npeek 1\r\n")).toBe("DELETED\r\nNOT_FOUND\r\n");
  const parts = [first];
  for await (const part of response) parts.push(part as Buffer);
  expect(Buffer.concat(parts).equals(BODY)).toBe(true);
});
