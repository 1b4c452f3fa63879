/** Where each shown turn stands along the lanes: at even distances, or by when it began. */
export type Axis = {
  /** Left edge and room of each place, in pixels. */
  left: readonly number[];
  width: readonly number[];
  /** Places after which more time passed than is drawn. */
  cut: ReadonlySet<number>;
  total: number;
};

/** A pause is drawn at most so many columns wide: else one long wait would push all else out of sight. */
const WIDEST = 9;

export function evenAxis(places: number, column: number): Axis {
  const left = Array.from({ length: places }, (_, place) => place * column);
  return { left, width: left.map(() => column), cut: new Set(), total: places * column };
}

/** A usual pause takes one column, a longer one as much more as it lasted; turns at one moment stand side by side. */
export function timeAxis(starts: ReadonlyArray<number | null>, column: number): Axis {
  const pauses = starts.map((start, place) => {
    const next = starts[place + 1];
    return start == null || next == null ? 0 : Math.max(0, next - start);
  });
  const usual = median(pauses.filter((pause) => pause > 0));
  const cut = new Set<number>();
  const left: number[] = [];
  let total = 0;
  const width = pauses.map((pause, place) => {
    const wanted = usual === 0 ? column : (pause / usual) * column;
    if (wanted > WIDEST * column) cut.add(place);
    const room = Math.max(column, Math.min(WIDEST * column, wanted));
    left.push(total);
    total += room;
    return room;
  });
  return { left, width, cut, total };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** The last place that begins at or before a position. */
export function placeAt({ left }: Axis, position: number): number {
  let [low, high] = [0, left.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((left[middle] ?? 0) <= position) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

/** Of some places in order, those whose labels do not run into each other. */
export function spaced(axis: Axis, places: readonly number[], apart: number): number[] {
  let free = Number.NEGATIVE_INFINITY;
  return places.filter((place) => {
    const at = axis.left[place] ?? 0;
    if (at < free) return false;
    free = at + apart;
    return true;
  });
}
