import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { recordOf } from "@/api/trying";
import type { Span, SpanSummary } from "@/api/types";
import { UNKNOWN, usd } from "@/formats/numbers";
import { duration } from "@/formats/time";
import { useProject } from "@/shell/project";
import { attribute, texts, tokens } from "./facts";
import { inWords } from "./reply";
import type { Answer } from "./useAnswer";

/** What was recorded of a call that is over, once it can be read. */
export function useRecord({ head, run, state }: Answer) {
  const project = useProject();
  return useQuery({
    ...recordOf(project, head?.run ?? run, head?.span ?? ""),
    enabled: state !== "asking" && head?.span != null,
  });
}

/** What the call took: times as this browser saw them, tokens and price as they were recorded, and who answered. */
export function CallFacts({ answer }: { answer: Answer }): ReactNode {
  const { head, firstMs, totalMs } = answer;
  const isOver = answer.state !== "asking";
  const asked = useRecord(answer);
  const { span, tries } = asked.data ?? { span: null, tries: [] };
  return (
    <>
      <dl className="try-facts">
        <Fact name="First token">{firstMs === null ? UNKNOWN : duration(firstMs)}</Fact>
        <Fact name="In all">{totalMs === null ? UNKNOWN : duration(totalMs)}</Fact>
        {span ? <Tokens span={span} isHit={head?.isHit ?? false} /> : null}
      </dl>
      {isOver && head?.span && !span ? (
        <p className="quiet try-tries">
          {asked.error ? `What was recorded cannot be read: ${asked.error.message}` : "Waiting for what is recorded…"}
        </p>
      ) : null}
      {span ? <Tries span={span} tries={tries} /> : null}
      {span ? <Guards span={span} warned={head?.guards ?? []} /> : null}
    </>
  );
}

function Tokens({ span, isHit }: { span: Span; isHit: boolean }): ReactNode {
  const cached = tokens(span, "gen_ai.usage.cache_read.input_tokens");
  const reasoning = tokens(span, "gen_ai.usage.reasoning.output_tokens");
  const cost = span.cost_usd === null ? "unknown" : usd(span.cost_usd);
  return (
    <>
      <Fact name="Tokens in" note={cached === null ? null : `${cached} cached`}>
        {tokens(span, "gen_ai.usage.input_tokens") ?? "unknown"}
      </Fact>
      <Fact name="Tokens out" note={reasoning === null ? null : `${reasoning} reasoning`}>
        {tokens(span, "gen_ai.usage.output_tokens") ?? "unknown"}
      </Fact>
      <Fact name="Price" note={isHit ? "from the cache" : null}>
        {isHit ? "$0" : cost}
      </Fact>
    </>
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
              {each.status_message ? inWords(each.status_message) : "no reason given"}
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

function Fact({ name, note = null, children }: { name: string; note?: string | null; children: ReactNode }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="num">{children}</dd>
      {note === null ? null : <dd className="num quiet">{note}</dd>}
    </div>
  );
}
