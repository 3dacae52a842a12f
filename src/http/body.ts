/* Body: reading the JSON of a POST, bounded in size and in time. Called by http-server.ts. */
import type { IncomingMessage } from "node:http";
import { HttpError } from "./handler.ts";

/** Most bytes of a request's body. */
const BODY_BYTES_MAX = 65_536;
/** How long a body may take to arrive, in milliseconds. */
const BODY_MS = 10_000;

/** What the body says. Rejects with an HttpError: 413 too large, 408 too slow, 400 no JSON. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = await readText(request);
  try {
    return text === "" ? {} : (JSON.parse(text) as unknown);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new HttpError(400, "HM_HTTP_JSON", "the body is not JSON");
  }
}

function readText(request: IncomingMessage): Promise<string> {
  if (Number(request.headers["content-length"] ?? 0) > BODY_BYTES_MAX) throw tooLarge();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => {
    reject(new HttpError(408, "HM_HTTP_SLOW", "the body took too long"));
  }, BODY_MS);
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) reject(tooLarge());
    else chunks.push(chunk);
  });
  request.on("end", () => resolve(Buffer.concat(chunks).toString()));
  const gone = (): void => reject(new HttpError(400, "HM_HTTP_CUT", "the body ended too soon"));
  request.on("error", gone);
  request.on("close", gone);
  return promise.finally(() => clearTimeout(timer));
}

function tooLarge(): HttpError {
  return new HttpError(413, "HM_HTTP_LARGE", `a body has at most ${BODY_BYTES_MAX} bytes`);
}
