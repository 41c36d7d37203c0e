/** Ends a `switch` over a closed union: the compiler refuses a forgotten variant. The daemon's own is not ours to import. */

export function assertNever(value: never): never {
  throw new TypeError(`unexpected variant ${JSON.stringify(value)}`);
}
