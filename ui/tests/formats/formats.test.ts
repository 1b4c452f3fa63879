import { describe, expect, test } from "vitest";
import { argumentsLine, firstLine, prettyJson } from "@/formats/json";
import { count, percent, price, sum, usd } from "@/formats/numbers";
import { ago, between, duration, milliseconds } from "@/formats/time";

describe("numbers", () => {
  test("unknown is a dash, never a zero", () => {
    expect([count(null), usd(null), percent(0, 0), count(0), usd("0")]).toEqual(["–", "–", "–", "0", "$0"]);
  });

  test("cheap runs keep two figures that matter", () => {
    expect([usd("0.000123456"), usd("0.0123"), usd("12.5"), usd("1234.567")]).toEqual([
      "$0.00012",
      "$0.012",
      "$12.50",
      "$1,234.57",
    ]);
  });

  test("prices are listed exactly, with cents", () => {
    expect([price("2.5"), price("0.0375"), price("10"), price("0"), price(null)]).toEqual([
      "$2.50",
      "$0.0375",
      "$10.00",
      "$0.00",
      "–",
    ]);
  });

  test("large counts are short", () => {
    expect([count(9_999), count(12_345), count(3_400_000)]).toEqual(["9,999", "12.3K", "3.4M"]);
  });

  test("a sum is unknown only when both parts are", () => {
    expect([sum(null, null), sum(3, null), sum(3, 4)]).toEqual([null, 3, 7]);
  });
});

describe("time", () => {
  test("lengths take two units at most", () => {
    expect([0, 0.4, 870, 4_250, 59_000, 125_000, 7_500_000, 200_000_000].map(duration)).toEqual([
      "0 ms",
      "<1 ms",
      "870 ms",
      "4.3 s",
      "59 s",
      "2 m 05 s",
      "2 h 05 m",
      "2 d 7 h",
    ]);
  });

  test("differences keep what comes after the third digit", () => {
    expect(between("2026-01-01T00:00:00.000100Z", "2026-01-01T00:00:00.000400Z")).toBeCloseTo(0.3, 2);
    expect(milliseconds("1970-01-01T00:00:01.5Z")).toBe(1500);
    expect(between(null, "2026-01-01T00:00:00Z")).toBeNull();
  });

  test("moments are relative while fresh", () => {
    const now = Date.parse("2026-05-10T12:00:00Z");
    expect(ago("2026-05-10T11:59:55Z", now)).toBe("now");
    expect(ago("2026-05-10T11:30:00Z", now)).toBe("30 m ago");
    expect(ago("2026-05-08T11:30:00Z", now)).toBe("2 d ago");
    expect(ago("2025-05-08T11:30:00Z", now)).toContain("2025");
  });
});

describe("tool texts", () => {
  test("JSON is indented, anything else is left alone", () => {
    expect(prettyJson('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(prettyJson("{not json")).toBeNull();
    expect(prettyJson("42")).toBeNull();
  });

  test("arguments read as a call", () => {
    expect(argumentsLine('{"path":"a.py","line":3}')).toBe('path="a.py", line=3');
    expect(argumentsLine("\n\nprint(1)\nprint(2)")).toBe("print(1)");
    expect(argumentsLine(null)).toBe("");
  });

  test("the first line is the first that says something", () => {
    expect(firstLine("\n  \n hello \nworld")).toBe("hello ");
  });
});
