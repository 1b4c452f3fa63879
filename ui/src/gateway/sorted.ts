/** Rows by a figure, the highest first unless it rises; what is unknown comes last either way. */
export function sorted<T>(rows: readonly T[], of: ((row: T) => number | null) | undefined, isRising: boolean): T[] {
  if (of === undefined) return [...rows];
  return [...rows].sort((one, other) => {
    const [a, b] = [of(one), of(other)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return isRising ? a - b : b - a;
  });
}
