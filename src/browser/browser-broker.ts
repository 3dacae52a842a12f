/* Browser broker: the module of the dedicated worker that has a page's queue: the engine's memory,
 * and all sessions. Pages, and their other workers, reach it over message ports. With a journal it
 * starts one more worker, which alone touches the disk and commits (browser-committer.ts). Started
 * by page-queue.ts.
 */
import { JournalError } from "../broker/errors.ts";
import { openBroker } from "../broker/open-broker.ts";
import type { Broker } from "../broker/broker.ts";
import { Sharing } from "../embedded/sharing.ts";
import type { Log } from "../log.ts";
import { codeOf } from "../system-error.ts";
import { postedError } from "./broker-news.ts";
import type { BrokerNews, BrokerSeed, PageNews } from "./broker-news.ts";
import { leaseOf } from "./opfs.ts";
import { born, tell } from "./started-worker.ts";
import { WEB_PORTS } from "./web-ports.ts";
import { workerBroker } from "./worker-broker.ts";

const say = (news: BrokerNews): void => tell(news);

async function open({ options, hasLog, port }: BrokerSeed): Promise<void> {
  const log: Pick<Log, "write"> = {
    write: (level, message, fields) => say({ kind: "log", level, message, fields }),
  };
  let sharing: Sharing | undefined;
  const onBroken = (error: Error): void => {
    say({ kind: "broken", error: postedError(error) });
    sharing?.close();
  };
  let giveBack = (): void => undefined;
  try {
    if (options.dataDirectory !== undefined) giveBack = await leased(options.dataDirectory);
    const broker = await openBroker({ ...options, ...(hasLog && { log }), onBroken }, workerBroker);
    sharing = new Sharing(broker, options.dataDirectory !== undefined, WEB_PORTS);
    serve(sharing, port);
    listen(broker, sharing, giveBack);
    say({ kind: "open" });
  } catch (error) {
    giveBack();
    say({ kind: "failed", error: postedError(error) });
  }
}

/** Rejects with a JournalError. */
async function leased(directory: string): Promise<() => void> {
  try {
    return await leaseOf(directory);
  } catch (error) {
    throw new JournalError(postedError(error).message, codeOf(error));
  }
}

function listen(broker: Broker, sharing: Sharing, giveBack: () => void): void {
  addEventListener("message", ({ data }: MessageEvent<PageNews>) => {
    if (data.kind === "share") serve(sharing, data.port);
    else void close(broker, sharing, giveBack);
  });
}

function serve(sharing: Sharing, other: object): void {
  const port = WEB_PORTS.taken(other);
  if (port !== undefined) sharing.serve(port);
}

async function close(broker: Broker, sharing: Sharing, giveBack: () => void): Promise<void> {
  const error = await broker.close().then(() => undefined, postedError);
  sharing.close();
  giveBack(); // before the page hears of it, which may open the directory at once
  say({ kind: "closed", error });
}

void open((await born()) as BrokerSeed);
