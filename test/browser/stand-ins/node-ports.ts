/* Stand-in for src/embedded/node-ports.ts in a page. */
export { WEB_PORTS as NODE_PORTS } from "../../../src/browser/web-ports.ts";
