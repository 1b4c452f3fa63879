import { Marked, type Token } from "marked";
import { mathBlock, mathInline } from "./math";

const marked = new Marked({ gfm: true, breaks: true, async: false }, { extensions: [mathBlock, mathInline] });

/** Text beyond this length is shown as it is: parsing would hold up scrolling, and nobody formats that much. */
export const LONGEST_PARSED = 60_000;

/** The block tokens of a Markdown text. Pure; HTML stays a token of its own and is rendered as the text that it is. */
export function blocks(text: string): Token[] {
  if (text.length > LONGEST_PARSED) return [{ type: "code", raw: text, text, lang: "" } as Token];
  return marked.lexer(text);
}

const SAFE_SCHEME = /^(https?:|mailto:)/i;

/** The address if a click on it can do no harm, else null. Relative addresses would point into this application. */
export function safeHref(href: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop control characters inside a scheme.
  const cleaned = href.replace(/[\u0000-\u0020]/g, "");
  return SAFE_SCHEME.test(cleaned) ? cleaned : null;
}

const ENTITIES: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };

/** Undoes the escaping that the lexer applies to some tokens: React escapes what it renders. */
export function unescapeHtml(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? entity);
}
