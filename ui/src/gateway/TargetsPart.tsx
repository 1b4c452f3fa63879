import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { targets } from "@/api/gateway";
import type { GatewayTarget } from "@/api/types";
import { Icon, type IconName } from "@/design/icons";
import { count, percent } from "@/formats/numbers";
import { clock, duration, moment } from "@/formats/time";
import { Wait } from "@/settings/Wait";
import { Wide } from "@/settings/Wide";
import { useProject } from "@/shell/project";
import { Snippet } from "./Snippet";
import { saidError } from "./saidError";
import { seconds } from "./UsageFigures";

const STATES: Record<GatewayTarget["state"], { word: string; tone: string; icon: IconName }> = {
  closed: { word: "Takes calls", tone: "good", icon: "check" },
  "half-open": { word: "Being tried", tone: "warn", icon: "clock" },
  open: { word: "Set aside", tone: "bad", icon: "cross" },
};

const HEADS = ["Tries", "Failed", "p50", "p95"];

/** Where calls went: which targets are set aside and until when, what failed there, and how fast they answer. */
export function TargetsPart(): ReactNode {
  const asked = useQuery(targets(useProject()));
  return (
    <Wait asked={asked}>
      {({ items, idle }) =>
        items.length === 0 && idle.length === 0 ? (
          <Snippet title="No call since the gateway started" isSinceStart />
        ) : (
          <>
            {items.length > 0 ? (
              <Wide label="Targets">
                <table className="ledger targets">
                  <thead>
                    <tr>
                      <th scope="col">Target</th>
                      <th scope="col">State</th>
                      {HEADS.map((head) => (
                        <th key={head} scope="col" className="num">
                          {head}
                        </th>
                      ))}
                      <th scope="col">Errors by kind</th>
                      <th scope="col">Last error</th>
                    </tr>
                  </thead>
                  <tbody>
                    {items.map((target) => (
                      <TargetRow key={`${target.connection}/${target.model}`} target={target} />
                    ))}
                  </tbody>
                </table>
                <p className="quiet">Since the gateway’s processes began; latency is of the latest good answers.</p>
              </Wide>
            ) : null}
            {idle.length > 0 ? (
              <p className="quiet">
                Not called yet: {idle.join(", ")}. <Link to="/gateway/try">Try a model</Link>.
              </p>
            ) : null}
          </>
        )
      }
    </Wait>
  );
}

function TargetRow({ target }: { target: GatewayTarget }): ReactNode {
  const failed = Object.values(target.errors).reduce((all, one) => all + one, 0);
  return (
    <tr>
      <th scope="row">
        <span className="call-who">
          {target.model || "any"}
          <span className="quiet">
            {target.connection}
            {target.provider && target.provider !== target.connection ? ` · ${target.provider}` : ""}
          </span>
        </span>
      </th>
      <td>
        <State target={target} />
      </td>
      <td className="num">{count(target.calls)}</td>
      <td className="num">{failed > 0 ? percent(failed, target.calls) : "0"}</td>
      <td className="num">{duration(seconds(target.latency_p50_s))}</td>
      <td className="num">{duration(seconds(target.latency_p95_s))}</td>
      <td>
        <span className="call-marks">
          {Object.entries(target.errors).map(([kind, times]) => (
            <span key={kind} className="chip num">
              {kind} {count(times)}
            </span>
          ))}
        </span>
      </td>
      <td>
        {target.last_error_time ? (
          <span className="call-error" title={target.last_error ?? undefined}>
            <time className="quiet" dateTime={target.last_error_time} title={moment(target.last_error_time)}>
              {clock(target.last_error_time)}
            </time>{" "}
            {target.last_error ? saidError(target.last_error) : "no reason given"}
          </span>
        ) : null}
      </td>
    </tr>
  );
}

function State({ target }: { target: GatewayTarget }): ReactNode {
  const { word, tone, icon } = STATES[target.state];
  const aside = target.breakers.filter(({ state }) => state !== "closed");
  const until = aside
    .map(({ until }) => until ?? "")
    .sort()
    .at(-1);
  const isSome = aside.length > 0 && aside.length < target.breakers.length;
  return (
    <span className="call-who">
      <span className={`badge ${tone}`}>
        <Icon name={icon} size={13} />
        {word}
        {target.state === "open" && until ? ` until ${clock(until)}` : ""}
      </span>
      {isSome ? <span className="quiet">as {aside.map(({ process }) => process).join(", ")} has it</span> : null}
    </span>
  );
}
