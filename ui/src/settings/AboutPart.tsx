import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { setCsrfToken } from "@/api/client";
import { me } from "@/api/queries";
import { logOut, readiness, status } from "@/api/settings";
import { Icon } from "@/design/icons";
import { bytes, exact, plural } from "@/formats/numbers";
import { useIsOperator } from "@/shell/useMay";
import { Wait } from "./Wait";
import { Wide } from "./Wide";

/** Which server this is, who the reader is to it, and whether it is well. */
export function AboutPart(): ReactNode {
  const caller = useQuery(me());
  const ready = useQuery(readiness()).data;
  const isOperator = useIsOperator();
  return (
    <>
      <section className="panel form" aria-labelledby="about-title">
        <h2 id="about-title">Masthead {caller.data?.version}</h2>
        {ready ? (
          <ul className="parts">
            {Object.entries(ready.parts).map(([part, state]) => (
              <li key={part}>
                <span className={state === "ok" ? "badge good" : "badge bad"}>
                  <Icon name={state === "ok" ? "check" : "cross"} size={13} />
                  {state === "ok" ? "works" : state}
                </span>
                {PARTS[part] ?? part}
              </li>
            ))}
          </ul>
        ) : null}
        {caller.data ? (
          <p>
            You are <code>{caller.data.actor}</code>, {caller.data.role} of <code>{caller.data.project_id}</code>
            {caller.data.is_operator ? ", and run this server" : ""}.
          </p>
        ) : null}
        {caller.data?.csrf_token ? <LogOut /> : null}
      </section>
      {isOperator ? <Holdings /> : null}
    </>
  );
}

const PARTS: Record<string, string> = {
  spans: "The store of spans can be read",
  control: "Projects, keys and lists can be read",
  door: "What comes in can be stored",
};

function LogOut(): ReactNode {
  const queryClient = useQueryClient();
  const leaving = useMutation({
    mutationFn: logOut,
    onSuccess: async () => {
      setCsrfToken(null);
      await queryClient.resetQueries();
    },
  });
  return (
    <div className="form-row">
      <button type="button" className="button" disabled={leaving.isPending} onClick={() => leaving.mutate()}>
        Log out
      </button>
    </div>
  );
}

function Holdings(): ReactNode {
  const asked = useQuery(status());
  return (
    <Wait asked={asked}>
      {({ span_store, control, door, tables }) => (
        <>
          <section className="panel form" aria-labelledby="door-title">
            <h2 id="door-title">Since the start</h2>
            {door.is_store_down ? (
              <p className="tone-bad" role="alert">
                Spans are taken but cannot be stored: {door.last_error}
              </p>
            ) : null}
            <dl className="server-facts">
              <Fact name="Spans taken" value={exact(door.accepted_spans)} />
              <Fact name="Spans stored" value={exact(door.inserted_spans)} />
              <Fact name="Spans refused" value={countsOf(door.rejected_spans)} />
              <Fact name="Redacted" value={countsOf(door.redacted)} />
              <Fact name="Bodies refused" value={exact(door.refused_bodies)} />
              <Fact name="Bodies set aside" value={exact(door.set_aside_bodies)} />
              <Fact name="Waiting to be stored" value={bytes(door.queue_bytes)} />
              <Fact name="Write-ahead log" value={bytes(door.wal_bytes)} />
            </dl>
            {door.lost.length > 0 ? (
              <p className="tone-bad" role="alert">
                Could not be read at the start: {door.lost.join(", ")}
              </p>
            ) : null}
          </section>
          <Wide label="On the disk">
            <h2>On the disk</h2>
            <p className="quiet">
              {span_store}, {control}
            </p>
            <table className="ledger">
              <thead>
                <tr>
                  <th scope="col">Table</th>
                  <th scope="col" className="num">
                    Rows
                  </th>
                  <th scope="col" className="num">
                    On disk
                  </th>
                  <th scope="col" className="num">
                    Parts
                  </th>
                </tr>
              </thead>
              <tbody>
                {tables.map((table) => (
                  <tr key={table.table}>
                    <th scope="row">{table.table}</th>
                    <td className="num">{exact(table.rows)}</td>
                    <td className="num">{bytes(table.disk_bytes)}</td>
                    <td className="num">{exact(table.parts)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Wide>
        </>
      )}
    </Wait>
  );
}

function countsOf(counts: Record<string, number>): string {
  const parts = Object.entries(counts).map(([kind, count]) => plural(count, kind, kind));
  return parts.length > 0 ? parts.join(", ") : "none";
}

function Fact({ name, value }: { name: string; value: string }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="num">{value}</dd>
    </div>
  );
}
