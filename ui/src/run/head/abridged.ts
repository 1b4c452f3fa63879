/** A long chain as its beginning and its end, with null where something is left out. */
export function abridged(chain: readonly number[], most: number): Array<number | null> {
  if (chain.length <= most) return [...chain];
  return [...chain.slice(0, most - 2), null, ...chain.slice(-1)];
}
