import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { withoutAnsi } from "@/text/ansi";
import { split } from "@/text/Marked";
import { safeHref } from "@/text/markdown";
import { Prose } from "@/text/Prose";

function html(text: string): string {
  return renderToStaticMarkup(<Prose text={text} />);
}

describe("what a model wrote", () => {
  test.each([
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    'a <b onclick="x()">b</b> c',
    "<!-- <script>alert(1)</script> -->",
    "<style>*{display:none}</style>",
    "```html\n<script>alert(1)</script>\n```",
    "| <img src=x onerror=alert(1)> |\n|---|\n| <script>x</script> |",
  ])("never becomes markup: %s", (text) => {
    // The one drawing that is ours: the icon of the button that copies code.
    const ours = html(text).replace(/<svg width="14".*?<\/svg>/g, "");
    expect(ours).not.toMatch(/<(script|img|svg|b|style|iframe)\b/i);
  });

  test.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\u0000script:alert(1)",
    "\u0001javascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "//evil.example",
    "/api/v1/keys",
    "file:///etc/passwd",
  ])("%s is no link", (href) => {
    expect(safeHref(href)).toBeNull();
    expect(html(`[click](<${href}>)`)).not.toContain("<a");
  });

  test("ordinary links open elsewhere, without telling where from", () => {
    expect(html("[docs](https://example.org/a?b=c&d=e)")).toContain(
      'href="https://example.org/a?b=c&amp;d=e" target="_blank" rel="noopener noreferrer nofollow"',
    );
  });

  test("images are named and never fetched", () => {
    expect(html("![a chart](https://example.org/track.png)")).toContain("image: a chart");
    expect(html("![a chart](https://example.org/track.png)")).not.toContain("<img");
  });

  test("mathematics stays as it was written", () => {
    expect(html("so \\( a_1 * b_1 \\) and \\[x_2\\]")).toContain("a_1 * b_1");
    expect(html("costs $5 and $6")).toContain("costs $5 and $6");
  });

  test("entities are shown as characters", () => {
    expect(html("`a < b && c`")).toContain("a &lt; b &amp;&amp; c");
    expect(html("a < b & c")).toContain("a &lt; b &amp; c");
  });
});

describe("marking what is looked for", () => {
  test("cuts at every occurrence, whatever its case", () => {
    expect(split("Error and error", "ERROR")).toEqual(["", "Error", " and ", "error", ""]);
  });

  test("never loops on an empty needle, and keeps scripts whose case changes the length", () => {
    expect(split("abc", "")).toEqual(["abc"]);
    expect(split("İstanbul", "i")).toEqual(["İstanbul"]);
  });
});

describe("what a terminal said", () => {
  test("colours, cursor moves and links are left out, words stay", () => {
    expect(withoutAnsi("\u001b[31mred\u001b[0m \u001b]8;;javascript:x\u0007click\u001b]8;;\u0007\u001b[2J!")).toBe(
      "red click!",
    );
    expect(withoutAnsi("\u001b]0;no end")).toBe("");
    expect(withoutAnsi("plain [31m")).toBe("plain [31m");
  });
});
