/**
 * Which clients and daemons understand each other. Raised with any change of a message that the other side could
 * misunderstand; a side may know several versions at once.
 */

export const PROTOCOL_MIN = 1;
export const PROTOCOL_MAX = 1;

/** The newest version that both sides know, or undefined. */
export function commonProtocol(other: { readonly min: number; readonly max: number }): number | undefined {
  const newest = Math.min(PROTOCOL_MAX, other.max);
  return newest >= Math.max(PROTOCOL_MIN, other.min) ? newest : undefined;
}
