import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { traffic } from "@/api/gateway";
import type { GatewayCall } from "@/api/types";
import { Figure } from "@/design/Figure";
import { count, percent, plural, sum } from "@/formats/numbers";
import { between, duration } from "@/formats/time";
import { LiveButton } from "@/runs/LiveButton";
import "@/runs/runs.css";
import { Wait } from "@/settings/Wait";
import { Wide } from "@/settings/Wide";
import { useProject } from "@/shell/project";
import { isAbout, isFailed } from "./about";
import { EndedRow, UnderWayRow } from "./CallRow";
import { Snippet } from "./Snippet";

/** The calls that are under way, and the latest that ended. */
export function TrafficPart(): ReactNode {
  const [isLive, setLive] = useState(true);
  const asked = useQuery(traffic(useProject(), isLive));
  return (
    <Wait asked={asked}>
      {({ time, under_way, latest, processes, ignored }) => (
        <>
          <div className="gateway-line">
            <LiveButton isLive={isLive} onChange={setLive} />
            <p className="quiet">
              {processes.map(({ name }) => name).join(", ")}
              {ignored.map(({ file, why }) => (
                <span key={file} className="gateway-ignored">
                  {file} is not counted: {why}
                </span>
              ))}
            </p>
          </div>
          {under_way.length === 0 && latest.length === 0 ? (
            <Snippet title="No call since the gateway started" isSinceStart />
          ) : (
            <>
              <Figures time={time} underWay={under_way} latest={latest} />
              <UnderWay time={time} calls={under_way} />
              <Latest time={time} calls={latest} />
            </>
          )}
        </>
      )}
    </Wait>
  );
}

function Figures({
  time,
  underWay,
  latest,
}: {
  time: string;
  underWay: readonly GatewayCall[];
  latest: readonly GatewayCall[];
}): ReactNode {
  const took = latest.map(({ start, end }) => between(start, end) ?? 0).sort((a, b) => a - b);
  const failed = latest.filter(isFailed).length;
  const tokens = latest.reduce<number | null>((all, one) => sum(all, sum(one.input_tokens, one.output_tokens)), null);
  const fresh = latest.filter(({ end }) => (between(end, time) ?? 0) < 60_000).length;
  const isMore = fresh === latest.length && fresh >= 100;
  return (
    <dl className="figures">
      <Figure name="Under way" value={count(underWay.length)} note="calls that wait or stream" />
      <Figure name="Last minute" value={`${isMore ? "over " : ""}${count(fresh)}`} note="calls that ended" />
      <Figure name="Failed" value={percent(failed, latest.length)} note={`of the latest ${count(latest.length)}`} />
      <Figure name="Duration" value={duration(took[Math.floor(took.length / 2)] ?? null)} note="median of the latest" />
      <Figure name="Tokens" value={count(tokens)} note="in and out, of the latest" />
    </dl>
  );
}

function UnderWay({ time, calls }: { time: string; calls: readonly GatewayCall[] }): ReactNode {
  return (
    <Wide label="Calls under way">
      <h2>Under way</h2>
      {calls.length === 0 ? (
        <p className="quiet">Nothing at this moment.</p>
      ) : (
        <table className="ledger calls">
          <thead>
            <tr>
              <th scope="col">Since</th>
              <th scope="col">Who</th>
              <th scope="col">Model</th>
              <th scope="col">State</th>
              <th scope="col">Run</th>
            </tr>
          </thead>
          <tbody>
            {calls.map((call) => (
              <UnderWayRow key={call.span_id} call={call} time={time} />
            ))}
          </tbody>
        </table>
      )}
    </Wide>
  );
}

function Latest({ time, calls }: { time: string; calls: readonly GatewayCall[] }): ReactNode {
  const [text, setText] = useState("");
  const [isOnlyFailed, setOnlyFailed] = useState(false);
  const shown = calls.filter((call) => (!isOnlyFailed || isFailed(call)) && isAbout(call, text));
  return (
    <Wide label="Latest calls">
      <div className="form-row calls-filter">
        <h2>Latest</h2>
        <input
          className="field"
          type="search"
          aria-label="Only calls with this in their key, user, agent, model, connection, run or error"
          placeholder="Key, agent, model, error…"
          autoComplete="off"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <label className="check">
          <input type="checkbox" checked={isOnlyFailed} onChange={(event) => setOnlyFailed(event.target.checked)} />
          Failed only
        </label>
      </div>
      <table className="ledger calls">
        <thead>
          <tr>
            <th scope="col">Ended</th>
            <th scope="col">Status</th>
            <th scope="col">Who</th>
            <th scope="col">Model</th>
            <th scope="col" className="num">
              Tokens in
            </th>
            <th scope="col" className="num">
              out
            </th>
            <th scope="col" className="num">
              First chunk
            </th>
            <th scope="col" className="num">
              Duration
            </th>
            <th scope="col">What happened</th>
            <th scope="col">Run</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((call) => (
            <EndedRow key={call.span_id} call={call} time={time} />
          ))}
        </tbody>
      </table>
      {shown.length === 0 ? <p className="quiet">None of the latest calls is like that.</p> : null}
      {calls.length >= 100 ? <p className="quiet">The latest {plural(calls.length, "call")} only; see Usage.</p> : null}
    </Wide>
  );
}
