// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal's sequences begin with.
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/** The text as a terminal would leave it to be read: without colours, cursor moves, titles and links. */
export function withoutAnsi(text: string): string {
  return text.includes("\u001b") ? text.replace(SEQUENCES, "") : text;
}
