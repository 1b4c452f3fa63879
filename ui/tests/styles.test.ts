import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SOURCES = join(import.meta.dirname, "..", "src");
/** Adds to what others style: how texts of any direction stand in a line. */
const SHARED = "text.css";

/** The classes that a stylesheet styles by themselves, outside of media queries. */
function classesOf(sheet: string): Set<string> {
  const plain = sheet
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/@[a-z-]+[^{;]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}/g, "");
  const heads = [...plain.matchAll(/([^{}]+)\{[^{}]*\}/g)].flatMap(([, head]) => (head ?? "").split(","));
  return new Set(heads.map((head) => head.trim()).filter((head) => /^\.[a-z-]+$/.test(head)));
}

// Stylesheets of pages that were visited stay: a class of two of them would look different after a visit to the other.
test("no class means one thing on one page and another on the next", () => {
  const sheets = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".css") && !path.endsWith(SHARED),
  );
  const owners = new Map<string, string[]>();
  for (const path of sheets) {
    for (const name of classesOf(readFileSync(join(SOURCES, path), "utf8"))) {
      owners.set(name, [...(owners.get(name) ?? []), path]);
    }
  }
  expect(sheets.length).toBeGreaterThan(10);
  expect([...owners].filter(([, paths]) => paths.length > 1)).toEqual([]);
});
