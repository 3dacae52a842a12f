/* Stand-in for Node's Buffer in a browser: npm's package of that name, not Node's own module. */
export { Buffer } from "buffer/";
