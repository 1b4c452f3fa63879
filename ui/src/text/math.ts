import type { TokenizerAndRendererExtension } from "marked";

/** Mathematics is kept as it was written: without this, `\( a_1 \)` would lose its backslashes and gain emphasis. */
export type MathToken = { type: "math" | "mathBlock"; raw: string; text: string };

const INLINE = [/^\\\(([\s\S]+?)\\\)/, /^\$(?!\s)([^$\n]+?)(?<!\s)\$(?!\d)/];
const BLOCK = [/^\\\[([\s\S]+?)\\\]/, /^\$\$([\s\S]+?)\$\$/];

function match(rules: RegExp[], source: string, type: MathToken["type"]): MathToken | undefined {
  for (const rule of rules) {
    const found = rule.exec(source);
    if (found?.[1] !== undefined) return { type, raw: found[0], text: found[1].trim() };
  }
  return undefined;
}

export const mathBlock: TokenizerAndRendererExtension = {
  name: "mathBlock",
  level: "block",
  start: (source: string) => /\\\[|\$\$/.exec(source)?.index,
  tokenizer: (source: string) => match(BLOCK, source, "mathBlock"),
};

export const mathInline: TokenizerAndRendererExtension = {
  name: "math",
  level: "inline",
  start: (source: string) => /\\\(|\\\[|\$/.exec(source)?.index,
  tokenizer: (source: string) => match([...INLINE, ...BLOCK], source, "math"),
};
