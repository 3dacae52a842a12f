/* Redis waits: waits for the end of a job: by what is published, and by looking, since what is
 * published while a connection is away is missed. Used by redis-backend.ts.
 */
import { clearInterval, setInterval } from "node:timers";
import { asError } from "../client/errors.ts";
import type { RawEnd } from "../worker/backend.ts";
import { bytesOf, textOf } from "./redis-link.ts";
import type { RedisLink } from "./redis-link.ts";

const LF = 0x0a;
const LOOK_MS = 5000;
const ENDS = ["buried", "deleted", "cancelled", "expired", "dead"] as const;

/** Undefined if there is no such job, nor a result. Rejects with the signal's reason. */
export async function waitForEnd(
  link: RedisLink,
  id: string,
  signal: AbortSignal,
): Promise<RawEnd | undefined> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<RawEnd | undefined>();
  const abort = (): void => reject(asError(signal.reason));
  const look = (): void =>
    void looked(link, id).then((end) => end !== "waiting" && resolve(end), reject);
  signal.addEventListener("abort", abort);
  promise.catch(() => undefined); // it may reject before somebody waits
  const forgetRenewed = link.onRenewed(look);
  const timer = setInterval(look, LOOK_MS);
  let forget: () => void = () => undefined;
  try {
    forget = await link.hear(`end:${id}`, (text) => resolve(said(text)));
    look();
    return await promise;
  } finally {
    forget();
    forgetRenewed();
    clearInterval(timer);
    signal.removeEventListener("abort", abort);
  }
}

async function looked(link: RedisLink, id: string): Promise<RawEnd | undefined | "waiting"> {
  const answer = await link.run("ended", [id], { isSafe: true });
  if (answer === null) return undefined;
  return textOf(answer) === "waiting\n" ? "waiting" : said(bytesOf(answer));
}

function said(text: Uint8Array): RawEnd {
  const cut = text.indexOf(LF);
  return endOf(textOf(text.subarray(0, cut)), text.slice(cut + 1));
}

function endOf(how: string, text: Uint8Array): RawEnd {
  if (how === "finished") return { end: how, result: text };
  const end = ENDS.find((one) => one === how) ?? "deleted";
  return { end, failure: text.length === 0 ? undefined : text };
}
