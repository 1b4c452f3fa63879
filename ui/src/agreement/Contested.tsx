import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Agreement, CodeVerdict, Contested as Item } from "@/api/schema";
import { Icon } from "@/design/icons";
import { nameOf, sureness } from "@/findings/names";
import { exact } from "@/formats/numbers";
import type { AgreementSearch } from "@/router";
import { Scroll } from "@/statistics/Scroll";
import { titleOf } from "./evaluators";

type Props = { found: Agreement; search: AgreementSearch; onChange: (change: AgreementSearch) => void };

/** Where people differ, or an evaluator differs from them: to be read again, since either may be wrong. */
export function Contested({ found, search, onChange }: Props): ReactNode {
  const about = [search.evaluator ? titleOf(search.evaluator) : "", search.code ?? ""].filter(Boolean).join(", ");
  return (
    <section className="study-panel panel" aria-labelledby="contested-title">
      <header>
        <h2 id="contested-title">
          Contested <span className="quiet num">{exact(found.contested_total)}</span>
          {about ? <span className="quiet"> · {about}</span> : null}
        </h2>
        {about ? (
          <button type="button" className="button" onClick={() => onChange({ evaluator: undefined, code: undefined })}>
            Show all
          </button>
        ) : (
          <span className="quiet">where people differ first, then the surest mistakes</span>
        )}
      </header>
      {found.contested.length === 0 ? (
        <p className="study-note">Nothing is contested: wherever both said something, they agree.</p>
      ) : (
        <Scroll label="Contested items">
          <table className="study-table">
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col" className="is-text">
                  Code
                </th>
                <th scope="col" className="is-text">
                  People
                </th>
                <th scope="col" className="is-text">
                  Who differs
                </th>
              </tr>
            </thead>
            <tbody>
              {found.contested.map((item) => (
                <Row key={item.run_id + item.code} item={item} />
              ))}
            </tbody>
          </table>
          {found.contested_total > found.contested.length ? (
            <p className="quiet">
              The first {found.contested.length} are shown; choose an evaluator or a code for others.
            </p>
          ) : null}
        </Scroll>
      )}
    </section>
  );
}

function Row({ item }: { item: Item }): ReactNode {
  const turn = [...item.verdicts, ...item.people].find((verdict) => verdict.turn !== null)?.turn ?? null;
  return (
    <tr className="contested">
      <th scope="row" className="contested-run">
        <Link
          to="/runs/$runId"
          params={{ runId: item.run_id }}
          search={(current) => ({
            ...(current.project ? { project: current.project } : {}),
            ...(turn === null ? {} : { turn }),
          })}
          className="study-link"
          title={item.task ?? item.run_id}
        >
          {item.task ?? item.run_id.slice(0, 12)}
        </Link>
        {turn === null ? null : <span className="quiet num">turn {turn}</span>}
      </th>
      <td className="is-text" title={nameOf(item.code) ?? item.code}>
        {item.code}
      </td>
      <td className="is-wrapped">
        {item.label === null ? <strong>even</strong> : <Says flag={item.label} />}
        {item.people.map((verdict) => (
          <Said key={verdict.evaluator} verdict={verdict} withFlag={item.people.length > 1} />
        ))}
      </td>
      <td className="is-wrapped">
        {item.verdicts.map((verdict) => (
          <Said key={verdict.evaluator} verdict={verdict} withFlag />
        ))}
        {item.verdicts.length === 0 ? <span className="quiet">people among themselves</span> : null}
      </td>
    </tr>
  );
}

function Says({ flag }: { flag: boolean }): ReactNode {
  return (
    <span className="says">
      <Icon name={flag ? "check" : "cross"} size={12} />
      {flag ? "occurred" : "did not occur"}
    </span>
  );
}

function Said({ verdict, withFlag }: { verdict: CodeVerdict; withFlag: boolean }): ReactNode {
  const sure = sureness(verdict.confidence);
  return (
    <span className="said">
      {withFlag ? <Says flag={verdict.flag} /> : null}
      <span className="quiet">
        {titleOf(verdict.evaluator)}
        {sure === null ? "" : `, ${sure} sure`}
        {verdict.reason ? `: ${verdict.reason}` : ""}
      </span>
    </span>
  );
}
