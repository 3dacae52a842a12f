/* Shared queue: what goes from the thread that has a queue to one that joins it. Its declaration
 * names nothing of Node, so that programs need no types of Node. Made by sharing.ts, taken by
 * join-queue.ts.
 */

/** What a thread joins a queue with. It is posted, and its port transferred, to one thread. */
export interface SharedQueue {
  /** Whether jobs survive the process. */
  readonly isDurable: boolean;
  /** A MessagePort. */
  // eslint-disable-next-line typescript/no-explicit-any -- programs without Node's types have none
  readonly port: any;
}
