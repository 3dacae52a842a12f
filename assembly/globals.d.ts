/* Globals: what tsc expects of a standard library and AssemblyScript's own index.d.ts leaves out.
 *
 * Only assembly/tsconfig.json includes this file: asc is the compiler, tsc is a second opinion and
 * the editor's.
 */

interface CallableFunction extends Function {}
interface NewableFunction extends Function {}
