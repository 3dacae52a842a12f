/* Stand-in for src/entries/client.ts in a page: the client that is for pages. */
export * from "../../../src/entries/client-elsewhere.ts";
