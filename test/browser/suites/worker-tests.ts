/* Suite: the tests of queues and their workers (test/worker), with engines in this worker, in
 * memory and in files of the origin, and with a real server over WebSockets.
 */
import files from "virtual:tests/worker";
import { runTestFiles } from "./test-files.ts";

runTestFiles("worker", files);
