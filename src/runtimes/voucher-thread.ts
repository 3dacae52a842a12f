/* Voucher thread: the module of the thread that keeps the jobs of a worker whose event loop is held
 * up. Started by voucher.ts.
 */
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import { connectTo } from "../client/connect.ts";
import { socketEndpoint } from "../transports/socket-endpoint.ts";
import { Vouching } from "../worker/vouching.ts";
import type { ToVoucher, VoucherSeed } from "../worker/vouching.ts";
import { clientSurroundings } from "./client-surroundings.ts";

const around = clientSurroundings();
const vouching = new Vouching(
  workerData as VoucherSeed,
  around.clock,
  ({ addresses, ...options }) => connectTo(addresses, options, socketEndpoint, around),
);

parentPort?.on("message", (message: ToVoucher) => {
  if (message.kind === "ticket") vouching.ticket(message.ticket);
  else void vouching.stop().finally(() => process.exit());
});
