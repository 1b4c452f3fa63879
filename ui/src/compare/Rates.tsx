import type { ReactNode } from "react";
import type { Comparison, Rate } from "@/api/schema";
import { exact } from "@/formats/numbers";
import { Scroll } from "@/statistics/Scroll";
import { scale, ticks } from "@/statistics/scale";
import { between, share, tick } from "@/statistics/text";
import { Axis, Whisker } from "@/statistics/Whisker";

type Side = { stratum: string | null; rate: Rate };

/** The rate of every group over both denominators. */
export function Rates({ comparisons }: { comparisons: readonly Comparison[] }): ReactNode {
  const sides = sidesOf(comparisons);
  const hasStrata = sides.some(({ stratum }) => stratum !== null);
  const lows = sides.map(({ rate }) => rate.of_attempted_interval?.low ?? 0);
  const line = scale(Math.floor(Math.min(...lows) * 10) / 10, 1);
  return (
    <section className="study-panel panel" aria-labelledby="rates-title">
      <header>
        <h2 id="rates-title">Success of each</h2>
        <span className="quiet">a missing run counts as wrong “of attempted”; the short bar is “of recorded”</span>
      </header>
      <Scroll label="Success of each">
        <table className="study-table">
          <thead>
            <tr>
              {hasStrata ? <th scope="col">Within</th> : null}
              <th scope="col" className="is-text">
                Group
              </th>
              <th scope="col" className="is-minor">
                Succeeded
              </th>
              <th scope="col" className="is-minor">
                Recorded
              </th>
              <th scope="col" className="is-minor">
                Attempted
              </th>
              <th scope="col" className="is-plot">
                <span className="sr-only">Of attempted, 95% interval</span>
                <Axis values={ticks(line, 2)} write={tick} />
              </th>
              <th scope="col">Of attempted</th>
              <th scope="col" className="is-minor">
                95%
              </th>
              <th scope="col">Of recorded</th>
              <th scope="col" className="is-minor">
                Mean of seeds
              </th>
            </tr>
          </thead>
          <tbody>
            {sides.map(({ stratum, rate }) => (
              <tr key={`${stratum}${rate.group}`}>
                {hasStrata ? <th scope="row">{stratum}</th> : null}
                <td className="is-text compare-name">{rate.group}</td>
                <td className="num is-minor">{exact(rate.successes)}</td>
                <td className="num is-minor">{exact(rate.recorded)}</td>
                <td className="num is-minor">{exact(rate.attempted)}</td>
                <td className="is-plot">
                  <Whisker
                    scale={line}
                    value={rate.of_attempted}
                    interval={rate.of_attempted_interval}
                    mark={rate.of_recorded}
                    label={`${share(rate.of_attempted, 2)} of attempted, ${share(rate.of_recorded, 2)} of recorded`}
                  />
                </td>
                <td className="num">
                  <strong>{share(rate.of_attempted, 2)}</strong>
                </td>
                <td className="num is-minor">{between(rate.of_attempted_interval, share)}</td>
                <td className="num">{share(rate.of_recorded, 2)}</td>
                <td className="num is-minor">{share(rate.mean_over_repeats, 2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

/** Each group once, in the order in which comparisons name them. */
export function sidesOf(comparisons: readonly Comparison[]): Side[] {
  const found = new Map<string, Side>();
  for (const { stratum, first, second } of comparisons)
    for (const rate of [first, second]) found.set(JSON.stringify([stratum, rate.group]), { stratum, rate });
  return [...found.values()];
}
