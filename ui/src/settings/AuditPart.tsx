import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { auditLog, verifyAudit } from "@/api/settings";
import type { AuditEntry } from "@/api/types";
import { CopyButton } from "@/design/CopyButton";
import { Icon } from "@/design/icons";
import { exact } from "@/formats/numbers";
import { moment } from "@/formats/time";
import { useProject } from "@/shell/project";
import { useIsOperator } from "@/shell/useMay";
import { Outcome, Wait } from "./Wait";
import { Wide } from "./Wide";

/** Who did what, latest first, and a proof that nobody has changed the record since. */
export function AuditPart(): ReactNode {
  const project = useProject();
  const isOperator = useIsOperator();
  const [everywhere, setEverywhere] = useState(false);
  const log = useInfiniteQuery(auditLog(project, everywhere));
  const entries = log.data?.pages.flatMap((page) => page.items);
  return (
    <>
      <Verification />
      <Wide label="Audit log">
        <div className="form-row">
          <h2>Audit log</h2>
          {isOperator ? (
            <label className="check">
              <input type="checkbox" checked={everywhere} onChange={(event) => setEverywhere(event.target.checked)} />
              All projects
            </label>
          ) : null}
        </div>
        <Wait asked={{ data: entries, error: log.error, refetch: log.refetch }}>
          {(items) => (
            <table className="ledger audit">
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">Who</th>
                  <th scope="col">What</th>
                  <th scope="col">On</th>
                  <th scope="col">Details</th>
                </tr>
              </thead>
              <tbody>
                {items.map((entry) => (
                  <Entry key={entry.sequence} entry={entry} isNamed={everywhere} />
                ))}
              </tbody>
            </table>
          )}
        </Wait>
        {log.hasNextPage ? (
          <button
            type="button"
            className="button"
            disabled={log.isFetchingNextPage}
            onClick={() => void log.fetchNextPage()}
          >
            Earlier entries
          </button>
        ) : null}
      </Wide>
    </>
  );
}

function detailsOf(details: AuditEntry["details"]): string {
  const written = (value: unknown) =>
    Array.isArray(value) && value.length > 3 ? `${value.length} of them` : JSON.stringify(value);
  return Object.entries(details)
    .map(([name, value]) => `${name} ${written(value)}`)
    .join(", ");
}

function Entry({ entry, isNamed }: { entry: AuditEntry; isNamed: boolean }): ReactNode {
  return (
    <tr>
      <td className="num">
        <time dateTime={entry.time}>{moment(entry.time)}</time>
      </td>
      <td>
        <code>{entry.actor}</code>
      </td>
      <td>{entry.action}</td>
      <td>
        {isNamed && entry.project_id ? <span className="quiet">{entry.project_id} </span> : null}
        <code>{entry.target}</code>
      </td>
      <td className="quiet audit-details" title={JSON.stringify(entry.details)}>
        {detailsOf(entry.details)}
      </td>
    </tr>
  );
}

function Verification(): ReactNode {
  const project = useProject();
  const [head, setHead] = useState("");
  const checking = useMutation({ mutationFn: () => verifyAudit(project, head.trim() || null) });
  const verdict = checking.data;
  return (
    <section className="panel form" aria-labelledby="verify-title">
      <h2 id="verify-title">Is the log as it was written?</h2>
      <p className="quiet">
        Every entry carries a hash of itself and of the one before, so that a change anywhere shows. Note the last hash
        elsewhere: with it you can prove later that nothing was cut off either.
      </p>
      <label htmlFor="head">A hash that you noted earlier (may be left out)</label>
      <input
        id="head"
        className="field"
        pattern="[0-9a-f]{64}"
        autoComplete="off"
        spellCheck={false}
        value={head}
        onChange={(event) => setHead(event.target.value)}
      />
      <div className="form-row">
        <button
          type="button"
          className="button button-primary"
          disabled={checking.isPending}
          onClick={() => checking.mutate()}
        >
          {checking.isPending ? "Reading the log…" : "Verify"}
        </button>
        <Outcome error={checking.error} done={null} />
      </div>
      {verdict ? (
        <div role="status" className="audit-verdict">
          <span className={verdict.is_intact ? "badge good" : "badge bad"}>
            <Icon name={verdict.is_intact ? "check" : "cross"} size={13} />
            {verdict.is_intact ? "Intact" : "Broken"}
          </span>
          <p>
            {verdict.is_intact
              ? `${exact(verdict.entries)} entries, each as it was written.`
              : `${verdict.reason}${verdict.first_broken === null ? "" : ` (entry ${verdict.first_broken})`}`}
          </p>
          <p className="quiet">
            Last hash <code>{verdict.head}</code> <CopyButton text={verdict.head} label="Copy the last hash" />
          </p>
        </div>
      ) : null}
    </section>
  );
}
