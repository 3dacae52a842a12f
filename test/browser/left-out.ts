/* Left out: the tests of the client and of the workers that a page does not run, each with the
 * reason. All others of test/client and test/worker run there (suites/client-tests.ts,
 * suites/worker-tests.ts); site.ts gives a page their files.
 */

const SOURCES = "it reads the sources, and runs nothing";
const TYPES = "it is about types, and runs nothing";
const SOCKETS = "it is about TCP and Unix sockets, which a page does not have";
const OWN_TLS = "it is about certificates, which in a page are the browser's";
const PROCESSES = "it is about processes and threads of Node's, which a page does not have";
const NEAR = "it is about a queue in the client's own thread, which in a page is in a worker";
const TURNS = "it is about turns of Node's event loop";
const TESTING = "its queue is that of homemaker/testing, which is not for pages";
const BUNDLED = "it is about the names of files in stacks, which a bundle has not";
const LONG = "it lets long times pass, and those of a server pass by themselves";

/** Whole files. */
export const FILES_LEFT_OUT: Readonly<Record<string, string>> = {
  "test/client/imports.test.ts": SOURCES,
  "test/client/types.test.ts": TYPES,
  "test/client/near.test.ts": NEAR,
  "test/client/servers.test.ts": SOCKETS,
  "test/client/stopped-server.test.ts": PROCESSES,
  "test/client/tls.test.ts": OWN_TLS,
  "test/client/turns.test.ts": TURNS,
  "test/worker/imports.test.ts": SOURCES,
  "test/worker/types.test.ts": TYPES,
  "test/worker/worker-types.test.ts": TYPES,
  "test/worker/isolation-ledger.test.ts": PROCESSES,
  "test/worker/isolation.test.ts": PROCESSES,
  "test/worker/leaving.test.ts": PROCESSES,
  "test/worker/orphan.test.ts": PROCESSES,
  "test/worker/sharing.test.ts": PROCESSES,
  "test/worker/telemetry.test.ts": TESTING,
  "test/worker/until-signal.test.ts": PROCESSES,
};

/** Single tests, by their file and their name in it. */
const ABORTING =
  "test/client/aborting.test.ts > a job for a reserve that nobody waits for any more";
const ADDRESS = "test/client/client.test.ts > an address";

const BY_SERVER = "test/worker/worker.test.ts > a server over a WebSocket:";
const THROWS = `${BY_SERVER} > a job whose handler throws`;

export const TESTS_LEFT_OUT: Readonly<Record<string, string>> = {
  [`${ABORTING} > need not be waited for: the call is forgotten behind one that goes on waiting`]:
    "a page cannot ask for a garbage collection",
  [`${ADDRESS} > that nobody listens at is unreachable, and the message says where and why`]:
    SOCKETS,
  [`${ADDRESS} > that is none is refused`]: SOCKETS,
  "test/worker/any-job.test.ts > jobs of other programs are run, in a thread, too; one that fails is set aside":
    PROCESSES,
  "test/worker/blocked.test.ts > a server keeps them": PROCESSES,
  "test/worker/blocked.test.ts > without that, they are lost":
    "the engine is in another worker and goes on meanwhile: the second attempt is lost, not the first",
  "test/worker/serialized-error.test.ts > an error > keeps its name, code, message, stack and causes":
    BUNDLED,
  "test/worker/serialized-error.test.ts > an error > is laid out as a console would, with its causes below it":
    BUNDLED,
  "test/worker/server.test.ts > its server knows what it is called and where it runs, again after it was away":
    "a page does not know what its machine is called",
  "test/worker/unreadable-errors.test.ts > what cannot be read ends no thread": PROCESSES,
  "test/worker/unreadable-errors.test.ts > what cannot be read ends no process": PROCESSES,
  [`${THROWS} > is tried again as long as its failure mode says, then set aside with its errors`]:
    LONG,
  [`${THROWS} > comes later, and no attempt is counted, if it threw Snooze`]: LONG,
  [`${THROWS} > comes when RetryLater says, and the attempt is counted`]: LONG,
};

const BY_OPTION = "test/worker/queue.test.ts > a queue with the option";

/**
 * Tests that have a server or a directory of their own each: a usual run has some of them, by its
 * seed.
 */
export function isCostly(name: string): boolean {
  return name.startsWith(BY_SERVER) || name.startsWith(BY_OPTION);
}
