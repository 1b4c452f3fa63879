/** Where things stand in the lanes: one column a turn, one row an agent. */
export type Zoom = "far" | "near" | "text";

export const ZOOMS: ReadonlyArray<{ zoom: Zoom; label: string }> = [
  { zoom: "far", label: "Far" },
  { zoom: "near", label: "Near" },
  { zoom: "text", label: "Text" },
];

export const COLUMN: Record<Zoom, number> = { far: 10, near: 34, text: 190 };
export const LANE: Record<Zoom, number> = { far: 34, near: 44, text: 92 };
const BLOCK: Record<Zoom, number> = { far: 16, near: 24, text: 76 };
const GAP: Record<Zoom, number> = { far: 2, near: 6, text: 12 };

export type Box = { left: number; top: number; width: number; height: number };

export function boxOf(zoom: Zoom, place: number, lane: number): Box {
  const height = BLOCK[zoom];
  return {
    left: place * COLUMN[zoom],
    top: lane * LANE[zoom] + (LANE[zoom] - height) / 2,
    width: COLUMN[zoom] - GAP[zoom],
    height,
  };
}

/** The line from one turn's block to the next one's, in another lane: down the gap between their columns. */
export function linkPath(from: Box, to: Box): string {
  const [startX, startY] = [from.left + from.width, from.top + from.height / 2];
  const [endX, endY] = [to.left, to.top + to.height / 2];
  const bend = Math.max(4, (endX - startX) / 2 + 3);
  return `M${startX} ${startY}C${startX + bend} ${startY} ${endX - bend} ${endY} ${endX} ${endY}`;
}
