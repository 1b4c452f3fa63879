import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { GatewayCall } from "@/api/types";
import { count } from "@/formats/numbers";
import { ago, between, duration, moment } from "@/formats/time";
import { marksOf } from "./marks";
import { saidError } from "./saidError";

/** A call that has not ended. */
export function UnderWayRow({ call, time }: { call: GatewayCall; time: string }): ReactNode {
  return (
    <tr>
      <td>{duration(between(call.start, time))}</td>
      <Who call={call} />
      <Model call={call} />
      <td>
        {call.first_chunk_s === null
          ? call.connection === null
            ? "not sent yet"
            : "waits for the answer"
          : `streams; first chunk after ${duration(call.first_chunk_s * 1000)}`}
        {call.tries > 1 ? ` (try ${call.tries})` : ""}
      </td>
      <RunCell call={call} />
    </tr>
  );
}

/** A call that ended. */
export function EndedRow({ call, time }: { call: GatewayCall; time: string }): ReactNode {
  const marks = marksOf(call);
  const isBad = call.error !== null || (call.status ?? 500) >= 400;
  return (
    <tr>
      <td title={call.end ? moment(call.end) : undefined}>{call.end ? ago(call.end, Date.parse(time)) : ""}</td>
      <td>
        <span className={`badge num ${isBad ? "bad" : "good"}`}>{call.status ?? "gone"}</span>
      </td>
      <Who call={call} />
      <Model call={call} />
      <td className="num">
        {count(call.input_tokens)}
        {call.cache_read_tokens ? <span className="quiet"> ({count(call.cache_read_tokens)} cached)</span> : null}
      </td>
      <td className="num">{count(call.output_tokens)}</td>
      <td className="num">{duration(call.first_chunk_s === null ? null : call.first_chunk_s * 1000)}</td>
      <td className="num">{duration(between(call.start, call.end))}</td>
      <td>
        <span className="call-marks">
          {marks.map(({ word, tone, title }) => (
            <span key={word} className={`badge ${tone}`} title={title}>
              {word}
            </span>
          ))}
          {call.error ? (
            <span className="call-error quiet" title={call.error}>
              {saidError(call.error)}
            </span>
          ) : null}
        </span>
      </td>
      <RunCell call={call} />
    </tr>
  );
}

function Who({ call }: { call: GatewayCall }): ReactNode {
  const by = [call.key, call.user].filter((word) => word !== null).join(" · ");
  return (
    <td>
      <span className="call-who">
        {call.agent ?? <span className="quiet">no agent named</span>}
        {by ? <span className="quiet truncate">{by}</span> : null}
      </span>
    </td>
  );
}

function Model({ call }: { call: GatewayCall }): ReactNode {
  const served = call.model !== null && call.model !== call.model_asked ? call.model : null;
  return (
    <td>
      <span className="call-who">
        {call.model_asked || call.endpoint}
        {served || call.connection ? (
          <span className="quiet truncate">
            {served ? `${served} ` : ""}
            {call.connection ? `at ${call.connection}` : ""}
          </span>
        ) : null}
      </span>
    </td>
  );
}

function RunCell({ call }: { call: GatewayCall }): ReactNode {
  return (
    <td>
      <Link
        to="/runs/$runId"
        params={{ runId: call.run_id }}
        search={call.end === null ? {} : { view: "raw", span: call.span_id }}
        className="group-link"
        aria-label={`Run ${call.run_id.slice(0, 8)}`}
      >
        <code>{call.run_id.slice(0, 8)}</code>
      </Link>
    </td>
  );
}
