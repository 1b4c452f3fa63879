import { type ReactNode, useState } from "react";
import type { CodeTest, Comparison } from "@/api/schema";
import { nameOf as codeName } from "@/findings/names";
import { Scroll } from "@/statistics/Scroll";
import { aroundZero, ticks } from "@/statistics/scale";
import { between, points, pointsTick, pValue, share } from "@/statistics/text";
import { Axis, Whisker } from "@/statistics/Whisker";
import { nameOf } from "./Differences";

/** Which failure modes the second group removes or adds. Those that differ come first; the others are a click away. */
export function Codes({ comparisons }: { comparisons: readonly Comparison[] }): ReactNode {
  const [isWhole, setIsWhole] = useState(false);
  const rows = comparisons.flatMap((comparison) => comparison.codes.map((entry) => ({ comparison, entry })));
  const sure = rows.filter(({ entry }) => entry.test.is_different);
  const shown = isWhole ? rows : sure;
  const line = aroundZero(shown.flatMap(({ entry }) => reach(entry)));
  return (
    <section className="study-panel panel" aria-labelledby="compare-codes-title">
      <header>
        <h2 id="compare-codes-title">Failure modes that it removes or adds</h2>
        {rows.length > sure.length ? (
          <button type="button" className="button" aria-pressed={isWhole} onClick={() => setIsWhole(!isWhole)}>
            {isWhole ? "Only those that differ" : `Show all ${rows.length}`}
          </button>
        ) : null}
      </header>
      {shown.length === 0 ? (
        <p className="study-note">
          {rows.length === 0
            ? "No failure mode was found in either group."
            : "No failure mode occurs differently often, as far as these runs can show."}
        </p>
      ) : (
        <Scroll label="Failure modes that differ">
          <table className="study-table">
            <thead>
              <tr>
                <th scope="col">Failure mode</th>
                <th scope="col" className="is-text">
                  First → second
                </th>
                <th scope="col" className="is-minor">
                  Share of runs
                </th>
                <th scope="col" className="is-plot">
                  <span className="sr-only">Difference in points, 95% interval</span>
                  <Axis values={ticks(line)} write={pointsTick} />
                </th>
                <th scope="col">Points</th>
                <th scope="col" className="is-minor">
                  p (Holm)
                </th>
                <th scope="col" className="is-text">
                  The second
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ comparison, entry }) => (
                <Row
                  key={`${comparison.stratum}${nameOf(comparison)}${entry.code}`}
                  comparison={comparison}
                  entry={entry}
                  line={line}
                />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}

function reach({ test: { difference } }: CodeTest): number[] {
  return difference ? [difference.value, difference.interval.low, difference.interval.high] : [];
}

type RowProps = { comparison: Comparison; entry: CodeTest; line: ReturnType<typeof aroundZero> };

function Row({ comparison, entry: { code, test }, line }: RowProps): ReactNode {
  const { difference, first, second } = test;
  const said = `${points(difference?.value)} points, 95%: ${between(difference?.interval, points)}`;
  const rate = (side: typeof first) => share(side.attempts === 0 ? null : side.successes / side.attempts);
  return (
    <tr>
      <th scope="row">
        {code} <span className="code-name">{codeName(code)}</span>
      </th>
      <td className="is-text compare-name">
        {comparison.stratum === null ? "" : `${comparison.stratum}: `}
        {nameOf(comparison)}
      </td>
      <td className="num is-minor">
        {rate(first)} → {rate(second)}
      </td>
      <td className="is-plot" title={said}>
        <Whisker
          scale={line}
          value={difference?.value ?? null}
          interval={difference?.interval ?? null}
          isSure={test.is_different}
          label={said}
          zero
        />
      </td>
      <td className="num">
        <strong>{points(difference?.value)}</strong>
      </td>
      <td className="num is-minor">{pValue(test.p_holm)}</td>
      <td className="is-text">{effectOf(test)}</td>
    </tr>
  );
}

function effectOf(test: CodeTest["test"]): string {
  if (!test.is_different || test.difference === null) return "no difference seen";
  return test.difference.value > 0 ? "▲ adds it" : "▼ removes it";
}
