/** How large things are in the lanes: one row an agent. */
export type Zoom = "far" | "near" | "text";

export const ZOOMS: ReadonlyArray<{ zoom: Zoom; label: string }> = [
  { zoom: "far", label: "Far" },
  { zoom: "near", label: "Near" },
  { zoom: "text", label: "Text" },
];

export const COLUMN: Record<Zoom, number> = { far: 10, near: 34, text: 190 };
export const LANE: Record<Zoom, number> = { far: 34, near: 44, text: 92 };
export const RULER = 22;
const BLOCK: Record<Zoom, number> = { far: 16, near: 24, text: 76 };
const GAP: Record<Zoom, number> = { far: 2, near: 6, text: 12 };

export type Box = { left: number; top: number; width: number; height: number };

export function boxOf(zoom: Zoom, left: number, lane: number): Box {
  const height = BLOCK[zoom];
  return { left, top: RULER + lane * LANE[zoom] + (LANE[zoom] - height) / 2, width: COLUMN[zoom] - GAP[zoom], height };
}

/** The line from one turn's block to the next one's, in another lane: down the gap between their columns. */
export function linkPath(from: Box, to: Box): string {
  const [startX, startY] = [from.left + from.width, from.top + from.height / 2];
  const [endX, endY] = [to.left, to.top + to.height / 2];
  const bend = Math.max(4, (endX - startX) / 2 + 3);
  return `M${startX} ${startY}C${startX + bend} ${startY} ${endX - bend} ${endY} ${endX} ${endY}`;
}

/** The arrow from where a fact was said to where it was used: an arch over what lies between. */
export function factPath(from: Box, to: Box): string {
  const [startX, startY] = [from.left + from.width / 2, from.top];
  const [endX, endY] = [to.left + to.width / 2, to.top];
  const rise = Math.min(30, 9 + Math.abs(endX - startX) * 0.05);
  const top = Math.max(2, Math.min(startY, endY) - rise);
  return `M${startX} ${startY}C${startX} ${top} ${endX} ${top} ${endX} ${endY - 2}`;
}
