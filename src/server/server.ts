/* Server: a broker (broker/broker.ts) with signals, users, sockets and lines around it: the main
 * thread, which starts the I/O threads that run the broker's sessions, and ends it all.
 *
 * With --http-port it serves HTTP as well, WebSockets on that port among it, and has sessions of
 * its own for that; without, it touches no socket of a client, and takes no shard's lock once the
 * threads run. Life of a server: see whether the addresses are free, start the threads, change
 * user, recover the journal, have the threads listen, say so, wait for a signal, stop. A signal to
 * stop is obeyed at any moment of that. A server that steps down begins another life, in which it
 * stands by. Called by cli/main.ts.
 */
import { formatListenAddress, type BoundAddress } from "../config/listen-address.ts";
import { TokenFileError } from "../config/token-file.ts";
import type { TokenList } from "../config/token-file.ts";
import type { Options } from "../config/options.ts";
import { PROGRAM, VERSION } from "../version.ts";
import type { Log } from "../log.ts";
import type { OutboxTable } from "../outbox.ts";
import { openLog } from "../observability/log.ts";
import { ProgressBar } from "../observability/progress-bar.ts";
import { Patience } from "../patience.ts";
import { BindError, ModuleMissingError, UserError } from "../runtime.ts";
import type { Identity, Runtime, TraceSettings } from "../runtime.ts";
import { DRAINING_BEGINS } from "../session/draining.ts";
import { TokenBook } from "../session/token-book.ts";
import { clockOf } from "../session/host-loop.ts";
import { Addresses } from "./addresses.ts";
import { Crew } from "./crew.ts";
import { OpenFilesError } from "./file-budget.ts";
import type { FileBudget } from "./file-budget.ts";
import type { HttpService, HttpSurroundings, OpenHttp } from "./http-service.ts";
import type { JsonService, OpenJson } from "./json-service.ts";
import { mainDoor } from "./main-door.ts";
import { openOutbox } from "./open-outbox.ts";
import type { OpenOutboxTable } from "./open-outbox.ts";
import type { Outbox } from "./outbox.ts";
import { openness } from "./openness.ts";
import { ownAddress } from "./own-address.ts";
import { Redirect } from "./redirect.ts";
import { Sizing } from "./sizing.ts";
import { StopRequests } from "./stop-requests.ts";
import { TokenKeeper } from "./token-keeper.ts";
import { Broker } from "../broker/broker.ts";
import { COPY_END_MILLIS } from "../broker/copy-board.ts";
import { JournalError } from "../broker/errors.ts";
import type { CopyPlace } from "../broker/journal-keeper.ts";
import { RemoteError } from "../remote-log.ts";

/** How long replies get to leave when the server is told to stop. */
const STOP_WITHIN_MS = 5000;
/** How much longer the threads may take to say that they have stopped. */
const STOP_SLACK_MS = 1000;
/** How long what was said last gets to be read. */
const LAST_WORDS_MS = 500;

/** Exit code of a server that could not start. */
const EXIT_FAILED = 1;
/** And of one that has stepped down, and stands by once it is started again. */
const EXIT_AGAIN = 75;

/** It was told to stop before it served. */
class StoppedError extends Error {
  override readonly name = "StoppedError";
  readonly code = "HM_STOPPED";
}

/** What a server has beside its sockets, where it is wanted. */
export interface Companions {
  /** Makes what serves HTTP. */
  readonly openHttp?: OpenHttp | undefined;
  /** Makes what takes lines of JSON. */
  readonly openJson?: OpenJson | undefined;
  /** Makes what reads the outbox. */
  readonly openOutboxTable?: OpenOutboxTable | undefined;
}

/**
 * Runs a server until it is told to stop. Resolves with the exit code: 0 after SIGTERM or SIGINT, 1
 * if it could not start (then a line on standard error says why), 75 if it has stepped down and
 * cannot stand by in this process. The death of a thread ends the process without coming back here.
 */
export async function serve(
  options: Options,
  runtime: Runtime,
  companions: Companions = {},
): Promise<number> {
  const log = openLog({ verbosity: options.verbosity, sink: runtime.errors });
  const requests = new StopRequests(runtime);
  const parts = { options, runtime, log, requests, gaveUpEpoch: undefined };
  try {
    return await live(parts, companions);
  } catch (error) {
    if (!isStartError(error)) throw error;
    runtime.errors.write(`${PROGRAM}: ${error.message}\n`);
    return EXIT_FAILED;
  } finally {
    log.flush();
    await Promise.all([runtime.output, runtime.errors].map((one) => one.finish(LAST_WORDS_MS)));
  }
}

/** What a life of a server begins with. */
interface LifeParts {
  readonly options: Options;
  readonly runtime: Runtime;
  readonly log: Log;
  readonly requests: StopRequests;
  /** The epoch in which it led in its last life, and gave that up. */
  readonly gaveUpEpoch: number | undefined;
}

/** One life after the other: who has stepped down stands by in the next one. */
async function live(parts: LifeParts, companions: Companions): Promise<number> {
  let { gaveUpEpoch } = parts;
  for (;;) {
    gaveUpEpoch = await liveOnce({ ...parts, gaveUpEpoch }, companions);
    if (gaveUpEpoch === undefined || parts.requests.isAsked) return 0;
    if (!canBeginAgain(parts.options)) return EXIT_AGAIN;
  }
}

/** As `Server.run`; nothing of the server is left. */
async function liveOnce(parts: LifeParts, companions: Companions): Promise<number | undefined> {
  const server = new Server(parts);
  try {
    return await server.run(companions);
  } finally {
    await server.end();
  }
}

/** Sockets that were handed over are closed, and what another user could bind is beyond reach. */
function canBeginAgain({ handed, user }: Options): boolean {
  return handed.length === 0 && user === undefined;
}

function traceOf({ verbosity, maxJobBytes }: Options): TraceSettings {
  return { verbosity, maxJobBytes };
}

function copyOf(
  options: Options,
  own: string,
  gaveUpEpoch: number | undefined,
): CopyPlace | undefined {
  const { journalUrl: url, journalLeaseMillis: leaseMillis, journalAddress } = options;
  return url === undefined
    ? undefined
    : { url, leaseMillis, address: journalAddress ?? own, gaveUpEpoch };
}

function isStartError(error: unknown): error is Error {
  return (
    error instanceof BindError ||
    error instanceof UserError ||
    error instanceof ModuleMissingError ||
    error instanceof StoppedError ||
    error instanceof JournalError ||
    error instanceof RemoteError ||
    error instanceof OpenFilesError ||
    error instanceof TokenFileError
  );
}

class Server {
  readonly #options: Options;
  readonly #runtime: Runtime;
  readonly #log: Log;
  readonly #crew: Crew;
  readonly #requests: StopRequests;
  readonly #gaveUpEpoch: number | undefined;
  #broker: Broker | undefined;
  /** SIGUSR1 came before there was a broker to note it. */
  #drainsEarly = false;
  #tokens: TokenKeeper | undefined;
  /** For the sessions of the main thread, and for HTTP. */
  #book: TokenBook | undefined;
  #redirect: Redirect | undefined;
  #http: HttpService | undefined;
  #json: JsonService | undefined;
  #outbox: Outbox | undefined;

  constructor({ options, runtime, log, requests, gaveUpEpoch }: LifeParts) {
    this.#options = options;
    this.#runtime = runtime;
    this.#log = log;
    this.#requests = requests;
    this.#gaveUpEpoch = gaveUpEpoch;
    this.#crew = new Crew(runtime, log);
    requests.onDrain = () => this.#drain();
  }

  /**
   * Serves until it is told to stop, or a client has it step down. Resolves with the epoch in which
   * it led if it was the latter.
   */
  async run(companions: Companions): Promise<number | undefined> {
    const { asked } = this.#requests;
    const started = this.#start(companions);
    const isUp = await Promise.race([started.then(() => true), asked.then(() => false)]);
    const leadership = isUp ? this.#broker?.leadership : undefined;
    await Promise.race([asked, ...(leadership === undefined ? [] : [leadership.stepsDown])]);
    const isStopping = this.#requests.isAsked;
    this.#log.write("info", isStopping ? "stopping" : "stepping down: another server is to lead");
    if (isUp) await this.#inTime((awaits) => this.#stopEarly(awaits));
    this.#broker?.common.startStopping();
    await (isUp ? this.#stop() : this.#giveUp(started));
    return isStopping ? undefined : leadership?.state.epoch;
  }

  /** Resolves when it serves; rejects with a StoppedError when it is told to stop before. */
  async #start({ openHttp, openJson, openOutboxTable }: Companions): Promise<void> {
    const tokens = this.#readTokens();
    const identity = await this.#unlessStopped(this.#identity());
    const found = await this.#unlessStopped(Addresses.find(this.#options, this.#runtime));
    const addresses = found.all;
    const sizing = new Sizing(this.#options, this.#runtime, this.#log);
    const threads = await this.#unlessStopped(sizing.threadCount(addresses));
    sizing.warnOfMemory(threads);
    const files = sizing.shareFiles(threads, addresses);
    const table = openOutboxTable?.(this.#options);
    const hasSessions = (openHttp ?? openJson ?? table) !== undefined;
    const own = ownAddress(addresses, this.#runtime.process.hostname);
    const copy = copyOf(this.#options, own, this.#gaveUpEpoch);
    const broker = await this.#unlessStopped(this.#makeBroker(threads, hasSessions, copy));
    await this.#unlessStopped(this.#startThreads(threads, broker, files, tokens));
    const early = addresses.filter(
      (one) => identity !== undefined && this.#runtime.needsPrivilege(one),
    );
    await this.#unlessStopped(this.#listen(early, found, threads));
    if (openHttp) await this.#unlessStopped(this.#openHttp(openHttp, broker, addresses, files));
    if (identity !== undefined) this.#runtime.become(identity);
    const late = addresses.filter((address) => !early.includes(address));
    this.#redirect = this.#redirectOf(broker, found, late);
    if (this.#options.dataDirectory !== undefined) this.#crew.recover();
    await this.#unlessStopped(broker.recover());
    await this.#redirect?.stop();
    await this.#unlessStopped(this.#listen(late, found, threads));
    broker.start();
    if (openJson) await this.#unlessStopped(this.#openJson(openJson, broker, files));
    if (table) await this.#unlessStopped(this.#openOutbox(table, broker));
    this.#announce(addresses, threads, broker.shards);
  }

  async #unlessStopped<Result>(step: Promise<Result>): Promise<Result> {
    const result = await step;
    if (this.#requests.isAsked) throw new StoppedError("it was told to stop");
    return result;
  }

  /** Nobody can trust what a broken broker says, so then the process ends. */
  async #makeBroker(
    threads: number,
    hasSessions: boolean,
    copy: CopyPlace | undefined,
  ): Promise<Broker> {
    const runtime = this.#runtime;
    const { terminal, waitForChange } = runtime;
    const broker = await Broker.make(this.#options, {
      runtime,
      log: this.#log,
      threads,
      hasSessions,
      tokens: this.#book,
      bar: terminal && new ProgressBar(terminal, "recovering"),
      ...(waitForChange === undefined && { relay: (low, high) => this.#crew.wake(low, high) }),
      endsProcess: true,
      copy,
      onBroken: (error) => runtime.die(`${PROGRAM}: ${error.message}`),
    });
    this.#broker = broker;
    const { sessions } = broker;
    if (sessions !== undefined) this.#crew.onWakeMain(() => sessions.wake());
    if (this.#drainsEarly) broker.common.startDraining();
    return broker;
  }

  async #startThreads(
    threads: number,
    broker: Broker,
    files: FileBudget,
    tokens: TokenList | undefined,
  ): Promise<void> {
    const seeds = Array.from({ length: threads }, (_, threadIndex) => ({
      threadIndex,
      common: broker.common.buffer,
      maxConnections: files.connections,
      trace: traceOf(this.#options),
      measuresLag: files.httpConnections > 0,
      tokens,
      payload: broker.content,
    }));
    await this.#crew.start(seeds, broker.common);
    this.#tokens?.watch((list) => {
      this.#crew.renewTokens(list);
      broker.sessions?.renewTokens(list);
    });
  }

  /** Throws a TokenFileError. */
  #readTokens(): TokenList | undefined {
    const { tokenFile } = this.#options;
    if (tokenFile === undefined) return undefined;
    this.#tokens = new TokenKeeper(tokenFile, this.#runtime, this.#log);
    const { current } = this.#tokens;
    this.#book = new TokenBook(current, (bytes) => this.#runtime.sha256(bytes));
    return current;
  }

  /** Makes the threads listen on some of the addresses, which no other server gets meanwhile. */
  async #listen(
    some: readonly BoundAddress[],
    addresses: Addresses,
    threads: number,
  ): Promise<void> {
    if (some.length === 0) return;
    const giveBack = await addresses.takeTurns(some);
    try {
      await this.#crew.listen((index) => ({
        kind: "listen",
        sockets: addresses.ordersFor(index, threads, some),
      }));
    } finally {
      giveBack();
    }
  }

  /** While this server stands by, if it is to redirect clients then. */
  #redirectOf(
    { common, leadership }: Broker,
    addresses: Addresses,
    some: readonly BoundAddress[],
  ): Redirect | undefined {
    if (leadership === undefined || !this.#options.journalRedirects) return undefined;
    const runtime = this.#runtime;
    const clock = clockOf(common, runtime);
    const say = (what: string): void => this.#say(what);
    return new Redirect({ addresses, some, leadership, runtime, clock, log: this.#log, say });
  }

  /**
   * It listens before the journal is recovered, so that whoever asks for the server's health gets
   * an answer.
   */
  async #openHttp(
    openHttp: OpenHttp,
    { common, sessions, leadership }: Broker,
    addresses: readonly BoundAddress[],
    { connections: maxConnections, httpConnections: connectionsMax }: FileBudget,
  ): Promise<void> {
    if (sessions === undefined) return;
    const options = this.#options;
    const log = this.#log;
    const connectionsOf: HttpSurroundings["connectionsOf"] = async (seat, ...asked) =>
      seat === sessions.desk.thread
        ? sessions.describe(...asked)
        : this.#crew.connections(seat, ...asked);
    const trace = traceOf(options);
    const clock = clockOf(common, this.#runtime);
    const around = {
      options,
      addresses,
      log,
      common,
      inProcess: sessions,
      leadership,
      tokens: this.#book,
      clock,
      door: mainDoor({ sessions, book: this.#book, common, clock, log, maxConnections, trace }),
      connectionsOf,
      connectionsMax,
      outbox: () => this.#outbox?.figures,
    };
    this.#http = await openHttp(around);
    this.#say(`dashboard on http://${await this.#http.listen()}`);
  }

  /** Its jobs go in beside all others, once there are any. */
  async #openJson(
    openJson: OpenJson,
    { common, sessions }: Broker,
    { jsonConnections: connectionsMax }: FileBudget,
  ): Promise<void> {
    if (sessions === undefined) return;
    this.#json = await openJson({
      options: this.#options,
      sink: this.#runtime.errors,
      inProcess: sessions,
      connectionsMax,
      trouble: () => (common.draining ? "draining" : undefined),
      quit: () => this.#requests.ask(),
    });
    this.#say(`JSON on ${this.#json.address}`);
  }

  /** Rows become jobs, as long as this server leads. */
  async #openOutbox(table: OutboxTable, { common, sessions }: Broker): Promise<void> {
    if (sessions === undefined) return;
    const clock = clockOf(common, this.#runtime);
    const around = { options: this.#options, inProcess: sessions, log: this.#log, clock };
    this.#outbox = await openOutbox(table, around);
    this.#outbox.run().catch((error: unknown) => {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#runtime.die(`${PROGRAM}: the outbox: ${why}`);
    });
  }

  /** What asks something of sessions is answered while they still run. */
  async #stopEarly(awaits: (what: string) => void): Promise<void> {
    awaits("the outbox");
    await this.#outbox?.stop();
    awaits("the JSON port");
    await this.#json?.stop();
  }

  async #stop(): Promise<void> {
    const copyMillis = this.#broker?.leadership === undefined ? 0 : COPY_END_MILLIS;
    await this.#inTime(async (awaits) => {
      awaits("an I/O thread");
      await this.#crew.stop(STOP_WITHIN_MS);
      awaits("the HTTP port");
      await this.#http?.stop();
      awaits("the journal");
      await this.#broker?.close();
    }, copyMillis);
  }

  /** It was told to stop while it started: nobody has been promised anything. */
  async #giveUp(started: Promise<void>): Promise<void> {
    await this.#inTime(async (awaits) => {
      awaits("what was being started");
      await this.end();
      await started.catch((error: unknown) => {
        if (!isStartError(error)) throw error;
      });
    });
  }

  /**
   * A thread that does not even say that it gave up does nothing any more, and a disk may be stuck:
   * then there is nothing to wait for. `moreMillis` go to what may rightly take longer.
   */
  async #inTime(
    end: (awaits: (what: string) => void) => Promise<void>,
    moreMillis = 0,
  ): Promise<void> {
    let awaited = "";
    const patience = new Patience(STOP_WITHIN_MS + STOP_SLACK_MS + moreMillis, () =>
      this.#runtime.die(`${PROGRAM}: ${awaited} did not stop in time, ending at once`),
    );
    await end((what) => (awaited = what));
    patience.end();
  }

  /** Ends what is still running. */
  async end(): Promise<void> {
    this.#tokens?.end();
    await this.#redirect?.end();
    await this.#outbox?.stop();
    await this.#crew.end();
    await this.#json?.stop();
    await this.#http?.stop();
    await this.#broker?.end();
  }

  #drain(): void {
    const begins = this.#broker?.common.startDraining() ?? !this.#drainsEarly;
    this.#drainsEarly = true;
    if (begins) this.#log.write("info", DRAINING_BEGINS);
  }

  async #identity(): Promise<Identity | undefined> {
    const { user } = this.#options;
    return user === undefined ? undefined : this.#runtime.lookUpUser(user);
  }

  #announce(addresses: readonly BoundAddress[], threads: number, shards: number): void {
    const size = `${threads} ${threads === 1 ? "thread" : "threads"}, ${shards} ${shards === 1 ? "shard" : "shards"}`;
    const warning = openness(addresses, this.#options);
    if (warning !== undefined) this.#log.write("warn", warning);
    for (const address of addresses) {
      const where = formatListenAddress(address);
      this.#say(`listening on ${where} (${size})`);
    }
  }

  #say(what: string): void {
    this.#runtime.output.write(`${PROGRAM} ${VERSION} ${what}\n`);
  }
}
