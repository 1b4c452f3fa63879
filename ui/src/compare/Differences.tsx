import type { ReactNode } from "react";
import type { Comparison, ComparisonTest } from "@/api/schema";
import { exact } from "@/formats/numbers";
import { Scroll } from "@/statistics/Scroll";
import { aroundZero, type Scale, ticks } from "@/statistics/scale";
import { between, points, pointsTick, pValue, share } from "@/statistics/text";
import { Axis, Whisker } from "@/statistics/Whisker";

export type Over = "attempted" | "recorded";

type Props = { comparisons: readonly Comparison[]; over: Over; onOver: (over: Over) => void };

export function nameOf({ first, second }: Comparison): string {
  return `${first.group} → ${second.group}`;
}

/** Every difference in success as a plot and a table: the dot, its interval, and what could not have been seen. */
export function Differences({ comparisons, over, onOver }: Props): ReactNode {
  const tests = comparisons.map((each) => each[over]);
  const line = aroundZero(
    tests.flatMap(({ difference, detectable }) => [
      ...(difference ? [difference.value, difference.interval.low, difference.interval.high] : []),
      detectable ?? 0,
    ]),
  );
  const hasStrata = comparisons.some(({ stratum }) => stratum !== null);
  const isMissing = comparisons.some(({ first, second }) =>
    [first, second].some(({ attempted, recorded }) => attempted > recorded),
  );
  return (
    <section className="study-panel panel" aria-labelledby="differences-title">
      <header>
        <h2 id="differences-title">Which one fails less</h2>
        {isMissing ? (
          <fieldset className="range">
            <legend className="sr-only">Denominator</legend>
            <div className="segmented">
              {(["attempted", "recorded"] as const).map((each) => (
                <button key={each} type="button" aria-pressed={each === over} onClick={() => onOver(each)}>
                  {each === "attempted" ? "Missing runs count as wrong" : "Recorded pairs only"}
                </button>
              ))}
            </div>
          </fieldset>
        ) : null}
      </header>
      <Scroll label="Differences">
        <table className="study-table">
          <thead>
            <tr>
              {hasStrata ? <th scope="col">Within</th> : null}
              <th scope="col" className="is-text">
                First → second
              </th>
              <th scope="col" className="is-minor">
                Success
              </th>
              <th scope="col" className="is-plot">
                <span className="sr-only">Difference in points, 95% interval</span>
                <Axis values={ticks(line)} write={pointsTick} />
              </th>
              <th scope="col">Points</th>
              <th scope="col" className="is-minor">
                95%
              </th>
              <th scope="col" className="is-minor">
                Pairs
              </th>
              <th scope="col" className="is-minor">
                p (Holm)
              </th>
              <th scope="col" className="is-text">
                Verdict
              </th>
            </tr>
          </thead>
          <tbody>
            {comparisons.map((each) => (
              <Row
                key={`${each.stratum}${each.first.group}${each.second.group}`}
                comparison={each}
                test={each[over]}
                line={line}
                hasStrata={hasStrata}
              />
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

type RowProps = { comparison: Comparison; test: ComparisonTest; line: Scale; hasStrata: boolean };

function Row({ comparison, test, line, hasStrata }: RowProps): ReactNode {
  const { difference } = test;
  const said = difference
    ? `${points(difference.value)} points, 95%: ${between(difference.interval, points)}; ${verdictOf(test)}`
    : "no difference can be computed";
  return (
    <tr>
      {hasStrata ? <th scope="row">{comparison.stratum}</th> : null}
      <td className="is-text compare-name">{nameOf(comparison)}</td>
      <td className="num is-minor">
        {share(rateOf(test.first), 2)} → {share(rateOf(test.second), 2)}
      </td>
      <td className="is-plot" title={said}>
        <Whisker
          scale={line}
          value={difference?.value ?? null}
          interval={difference?.interval ?? null}
          band={test.detectable}
          isSure={test.is_different}
          label={said}
          zero
        />
      </td>
      <td className="num">
        <strong>{points(difference?.value, 2)}</strong>
      </td>
      <td className="num is-minor">{between(difference?.interval, points)}</td>
      <td className="num is-minor" title={pairsOf(test)}>
        {test.pairs > 0 ? exact(test.pairs) : "unpaired"}
      </td>
      <td className="num is-minor">{pValue(test.p_holm)}</td>
      <td className="is-text is-words">{verdictOf(test)}</td>
    </tr>
  );
}

function rateOf({ successes, attempts }: { successes: number; attempts: number }): number | null {
  return attempts === 0 ? null : successes / attempts;
}

function pairsOf(test: ComparisonTest): string {
  return `${exact(test.only_first)} only the first, ${exact(test.only_second)} only the second achieved`;
}

/** What the test shows, in words; "no difference seen" always says what could have been. */
export function verdictOf(test: ComparisonTest): string {
  if (test.difference === null) return "cannot be told";
  if (!test.is_different) return `no difference seen; ±${share(test.detectable)} could be`;
  return test.difference.value > 0 ? "second is better" : "first is better";
}
