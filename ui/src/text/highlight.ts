import type { ElementContent, Root } from "hast";
import bash from "highlight.js/lib/languages/bash";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";

const lowlight = createLowlight({
  bash,
  cpp,
  css,
  diff,
  go,
  java,
  javascript,
  json,
  python,
  rust,
  sql,
  toml: ini,
  typescript,
  xml,
  yaml,
});

/** A piece of code and the class of its colour, if it has one. */
export type Piece = { text: string; className: string | null };

/** The code in coloured pieces, or null where the language is not one of ours. */
export function pieces(text: string, language: string): Piece[] | null {
  if (!lowlight.registered(language)) return null;
  return [...flatten(lowlight.highlight(language, text), null)];
}

function* flatten(node: Root | ElementContent, className: string | null): Generator<Piece> {
  if (node.type === "text") yield { text: node.value, className };
  if (!("children" in node)) return;
  const own = node.type === "element" ? String((node.properties.className as string[] | undefined)?.[0] ?? "") : "";
  for (const child of node.children) yield* flatten(child as ElementContent, own || className);
}
