/*
 * as-bind's runtime half, in types: what src/text/control.ts uses of it. The package itself says
 * `any`.
 */

declare module "as-bind/dist/as-bind.cjs.js" {
  /** An instance of a module that was compiled with as-bind's transform. */
  interface BoundModule {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  const asBind: {
    instantiateSync(
      bytes: Uint8Array<ArrayBuffer>,
      imports: Record<string, Record<string, unknown>>,
    ): BoundModule;
  };
  export default asBind;
}
