/* Stand-in for node:process in a browser, and for the global of that name: there is nothing of it
 * but an empty environment.
 */

export const env: Readonly<Record<string, string>> = {};
export const versions = {};
// oxlint-disable-next-line import/no-default-export -- Node's has it
export default { env, versions };
