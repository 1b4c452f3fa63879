import type { ReactNode } from "react";
import type { Evaluator } from "@/api/schema";
import { exact } from "@/formats/numbers";
import { figure, share } from "@/statistics/text";

const SIZE = 200;
const PAD = 34;
const TOP = 10;

/** Is it right as often as it is sure? On the diagonal it is; below it is too sure. */
export function Reliability({ evaluator }: { evaluator: Evaluator }): ReactNode {
  const bins = evaluator.reliability;
  if (bins.length === 0)
    return (
      <section className="study-panel panel">
        <h2>Is it right as often as it is sure?</h2>
        <p className="study-note">It gives no confidence on labelled runs, so there is no curve.</p>
      </section>
    );
  const at = (value: number) => PAD + value * (SIZE - PAD);
  const up = (value: number) => TOP + (1 - value) * (SIZE - PAD - TOP);
  const most = Math.max(...bins.map(({ n }) => n));
  return (
    <section className="study-panel panel" aria-labelledby="reliability-title">
      <header>
        <h2 id="reliability-title">Is it right as often as it is sure?</h2>
        <span className="quiet num">mean distance {figure(evaluator.calibration_error)}</span>
      </header>
      <div className="reliability">
        <svg
          viewBox={`0 0 ${SIZE + 12} ${SIZE}`}
          role="img"
          aria-label="Reliability curve; the table beside it has its figures"
        >
          <line className="reliability-ideal" x1={at(0)} y1={up(0)} x2={at(1)} y2={up(1)} />
          <path className="reliability-axis" d={`M${at(0)} ${up(1)}V${up(0)}H${at(1)}`} />
          {[0, 0.5, 1].map((value) => (
            <g key={value} className="reliability-tick">
              <text x={at(value)} y={SIZE - 10} textAnchor={value === 1 ? "end" : "middle"}>
                {share(value, 0)}
              </text>
              <text x={PAD - 5} y={up(value) + 3} textAnchor="end">
                {share(value, 0)}
              </text>
            </g>
          ))}
          <polyline
            className="reliability-line"
            points={bins.map((bin) => `${at(bin.confidence)},${up(bin.rate)}`).join(" ")}
          />
          {bins.map((bin) => (
            <circle
              key={bin.low}
              className="reliability-dot"
              cx={at(bin.confidence)}
              cy={up(bin.rate)}
              r={3 + 4 * Math.sqrt(bin.n / most)}
            />
          ))}
        </svg>
        <table className="study-table">
          <thead>
            <tr>
              <th scope="col">Sure</th>
              <th scope="col">Occurred</th>
              <th scope="col">Verdicts</th>
            </tr>
          </thead>
          <tbody>
            {bins.map((bin) => (
              <tr key={bin.low}>
                <th scope="row" className="num">
                  {share(bin.confidence, 0)}
                </th>
                <td className="num">{share(bin.rate, 0)}</td>
                <td className="num">{exact(bin.n)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
