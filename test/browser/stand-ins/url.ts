/* Stand-in for node:url in a browser: the path of a file is that of its site (../site.ts). */
export function fileURLToPath(url: URL): string {
  return url.pathname;
}
