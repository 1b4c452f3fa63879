import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { me } from "@/api/queries";
import { CopyButton } from "@/design/CopyButton";
import { gatewayOrigin, Programs } from "./Programs";

const HEADERS = [
  ["X-Masthead-Run", "the run that a call belongs to; without it, the gateway finds out"],
  ["X-Masthead-Agent", "the agent that asks"],
  ["X-Masthead-System", "the system of agents, by which runs are grouped and compared"],
  ["X-Masthead-Session", "the conversation of several runs"],
] as const;

/** What a program needs to know to send its calls here. */
export function ConnectPart(): ReactNode {
  const needsKey = useQuery(me()).data?.is_login_required ?? false;
  const origin = gatewayOrigin();
  const addresses = [
    ["OpenAI", `${origin}/v1`],
    ["Anthropic", origin],
  ] as const;
  return (
    <>
      <section className="panel gateway-empty" aria-label="Point a program here">
        <h2>Point a program here</h2>
        <p>Change its base URL, and nothing else: a client of either kind reaches the models of every vendor.</p>
        <dl className="connect">
          {addresses.map(([whose, address]) => (
            <div key={whose}>
              <dt>Clients of {whose}</dt>
              <dd>
                <code>{address}</code>
                <CopyButton text={address} label={`Copy the base URL for clients of ${whose}`} />
              </dd>
            </div>
          ))}
        </dl>
        <Programs />
        <p className="quiet">
          {needsKey
            ? "Calls need one of this project's keys"
            : "On this machine any key will do; one of this project's says whose a call is, and holds it to a budget"}
          : <Link to="/settings/keys">keys</Link>. Which models there are is said by the{" "}
          <Link to="/gateway/configuration">configuration</Link>.
        </p>
      </section>
      <section className="panel gateway-empty" aria-label="Headers that say more">
        <h2>Say more, if you like</h2>
        <p>Runs and agents are found without any of these headers.</p>
        <dl className="connect">
          {HEADERS.map(([name, help]) => (
            <div key={name}>
              <dt>
                <code>{name}</code>
              </dt>
              <dd>{help}</dd>
            </div>
          ))}
        </dl>
      </section>
    </>
  );
}
