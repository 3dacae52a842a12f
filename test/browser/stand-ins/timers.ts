/* Stand-in for Node's timers in a browser. */

const waiting: (() => void)[] = [];
const { port1: bell, port2: hand } = new MessageChannel();
bell.addEventListener("message", () => waiting.shift()?.());
bell.start();

/** Calls it behind the events that wait now; a timer of a browser would take milliseconds. */
export function setImmediate(callback: () => void): void {
  waiting.push(callback);
  hand.postMessage(undefined);
}
