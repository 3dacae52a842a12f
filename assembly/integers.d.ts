/* Integers: AssemblyScript's names for numbers, as TypeScript programs see them.
 *
 * The host imports constants.ts as it stands; these aliases are all that its types need. The root
 * tsconfig.json includes this file; the AssemblyScript compiler and assembly/tsconfig.json do not,
 * they have the real types.
 */

declare type bool = boolean;
declare type i8 = number;
declare type i16 = number;
declare type i32 = number;
declare type i64 = number;
declare type isize = number;
declare type u8 = number;
declare type u16 = number;
declare type u32 = number;
declare type u64 = number;
declare type usize = number;
declare type f32 = number;
declare type f64 = number;
