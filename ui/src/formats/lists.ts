/** Texts of a list as people type them: by commas or line ends. */
export function typedList(text: string): string[] {
  return text
    .split(/[,\n]/)
    .map((each) => each.trim())
    .filter(Boolean);
}
