/** The test files of a folder (`virtual:tests/client`) that pages run, by their paths (site.ts). */
declare module "virtual:tests/*" {
  const files: Readonly<Record<string, () => Promise<unknown>>>;
  export default files;
}
