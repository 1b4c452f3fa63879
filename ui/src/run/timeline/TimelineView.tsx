export function TimelineView(): null {
  return null;
}
