/* Stand-in for node:process in a browser: there is nothing of it. */

// oxlint-disable-next-line import/no-default-export -- Node's has no other
export default {};
