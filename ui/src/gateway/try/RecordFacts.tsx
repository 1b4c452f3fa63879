import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { recordOf } from "@/api/trying";
import type { Span, SpanSummary } from "@/api/types";
import { usd } from "@/formats/numbers";
import { duration } from "@/formats/time";
import { useProject } from "@/shell/project";
import { attribute, texts, tokens } from "./facts";
import type { Answer } from "./useAnswer";

/** What this browser saw: how long it took. */
export function Times({ answer }: { answer: Answer }): ReactNode {
  const { firstMs, totalMs } = answer;
  return (
    <dl className="facts try-facts">
      <Fact name="First token">{firstMs === null ? null : duration(firstMs)}</Fact>
      <Fact name="In all">{totalMs === null ? null : duration(totalMs)}</Fact>
    </dl>
  );
}

/** What the gateway recorded: tokens and price, who answered, what was tried before, what guards said. */
export function RecordFacts({ answer }: { answer: Answer }): ReactNode {
  const project = useProject();
  const { head } = answer;
  const asked = useQuery({
    ...recordOf(project, head?.run ?? answer.run, head?.span ?? ""),
    enabled: head?.span != null,
  });
  if (!head?.span) return null;
  if (asked.error) return <p className="quiet">What was recorded cannot be read: {asked.error.message}</p>;
  if (!asked.data) return <p className="quiet">Waiting for what is recorded…</p>;
  const { span, tries } = asked.data;
  return (
    <>
      <Tokens span={span} isHit={head.isHit} />
      <Tries span={span} tries={tries} />
      <Guards span={span} warned={head.guards} />
    </>
  );
}

function Tokens({ span, isHit }: { span: Span; isHit: boolean }): ReactNode {
  const cached = tokens(span, "gen_ai.usage.cache_read.input_tokens");
  const reasoning = tokens(span, "gen_ai.usage.reasoning.output_tokens");
  const cost = span.cost_usd === null ? "unknown" : usd(span.cost_usd);
  return (
    <dl className="facts try-facts">
      <Fact name="Tokens in">{tokens(span, "gen_ai.usage.input_tokens") ?? "unknown"}</Fact>
      <Fact name="Tokens out">{tokens(span, "gen_ai.usage.output_tokens") ?? "unknown"}</Fact>
      {cached === null ? null : <Fact name="of them cached">{cached}</Fact>}
      {reasoning === null ? null : <Fact name="Reasoning tokens">{reasoning}</Fact>}
      <Fact name="Price">{isHit ? "$0 (from the cache)" : cost}</Fact>
    </dl>
  );
}

/** Which target answered, and which were tried before it. */
function Tries({ span, tries }: { span: Span; tries: readonly SpanSummary[] }): ReactNode {
  const connection = attribute(span, "masthead.gateway.connection");
  const model = attribute(span, "gen_ai.request.model");
  const said = attribute(span, "gen_ai.response.model");
  if (connection === null) return null;
  const failed = tries.filter((each) => each.status === "error" && each.name.startsWith("attempt"));
  return (
    <div className="try-tries">
      <p>
        {span.status === "error" ? "Last tried:" : "Answered by"} <strong>{connection}</strong>
        {model ? `, model ${model}` : ""}
        {said && said !== model ? ` (it calls itself ${said})` : ""}
      </p>
      {failed.length === 0 || (failed.length === 1 && tries.length === 1) ? null : (
        <ul className="tone-warn">
          {failed.map((each) => (
            <li key={each.span_id}>
              {each.name.replace(/^attempt (\d+) (.*)$/, "Try $1 at $2 failed")}:{" "}
              {each.status_message ?? "no reason given"}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Guards({ span, warned }: { span: Span; warned: readonly string[] }): ReactNode {
  const action = attribute(span, "masthead.guard.action");
  const found = [...new Set([...texts(span, "masthead.guard.findings"), ...warned])];
  if (found.length === 0 && action === null) return null;
  return (
    <div className="try-tries tone-warn">
      <p>Guards{action ? ` (${action})` : ""}:</p>
      <ul>
        {found.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }): ReactNode {
  if (children === null) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd className="num">{children}</dd>
    </div>
  );
}
