/* Virtual clock: the one that users' tests have (src/testing/). */
export { VirtualClock } from "../../src/testing/virtual-clock.ts";
