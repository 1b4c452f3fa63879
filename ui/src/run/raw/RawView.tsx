export function RawView(): null {
  return null;
}
