import type { ReactNode } from "react";
import type { Report } from "@/api/schema";
import { nameOf } from "@/findings/names";
import { share } from "@/statistics/text";
import { type Line, lines } from "./lines";

const HEIGHT = 100;

/** Success and the commonest failure modes over time, each with the band in which its rate lies. */
export function Trends({ report }: { report: Report }): ReactNode {
  const { trends } = report;
  const [first, last] = [trends[0], trends.at(-1)];
  if (!first || !last || trends.length < 2)
    return (
      <section className="study-panel panel">
        <h2>Over time</h2>
        <p className="study-note">
          {trends.length === 1
            ? "All of these runs are of one day; a trend needs two."
            : "The records of these runs have no times, so there is no trend to show."}
        </p>
      </section>
    );
  return (
    <section className="study-panel panel" aria-labelledby="trends-title">
      <header>
        <h2 id="trends-title">Over time</h2>
        <span className="quiet num">
          by {first.days === 1 ? "day" : "week"}, {first.day} to {last.day}, UTC; bands are 95% intervals
        </span>
      </header>
      <div className="trends">
        {lines(trends).map((line) => (
          <Trend key={line.name} line={line} />
        ))}
      </div>
    </section>
  );
}

function Trend({ line }: { line: Line }): ReactNode {
  const known = line.points.filter((point) => point.value !== null);
  const latest = known.at(-1);
  const x = (at: number) => (line.points.length < 2 ? 0 : (at / (line.points.length - 1)) * 100);
  const y = (value: number) => HEIGHT * (1 - value / line.most);
  const band = known.filter((point) => point.interval !== null);
  const outline = [
    ...band.map((point) => `${x(point.at)},${y(point.interval?.high ?? 0)}`),
    ...[...band].reverse().map((point) => `${x(point.at)},${y(point.interval?.low ?? 0)}`),
  ].join(" ");
  const path = known.map((point) => `${x(point.at)},${y(point.value ?? 0)}`).join(" ");
  const said = known.map((point) => `${point.day} ${share(point.value)}`).join(", ");
  return (
    <figure className="trend">
      <figcaption>
        <h3>{line.name === "Success" ? "Success" : `${line.name} ${nameOf(line.name) ?? ""}`}</h3>
        <span className="num">{share(latest?.value ?? null)}</span>
      </figcaption>
      <svg viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${line.name}: ${said}`}>
        <polygon className="trend-band" points={outline} />
        <polyline className="trend-line" points={path} />
      </svg>
      <span className="trend-axis quiet num" aria-hidden="true">
        <span>0–{share(line.most, 0)}</span>
      </span>
    </figure>
  );
}
