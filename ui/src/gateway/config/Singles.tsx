import type { ReactNode } from "react";
import { Section } from "./Entries";
import { Fields } from "./Fields";
import { BREAKER, CACHE, GUARDS, RECORDING, RUN_BUDGET, SEMANTIC, SIZES } from "./fields";

export function GuardsPart(): ReactNode {
  return (
    <Section
      title="Guards"
      help="What happens while a run goes on: the detectors that diagnose runs also watch them. A route may have guards of its own."
    >
      <div className="panel config-form">
        <Fields path={["guards"]} fields={GUARDS} />
        <h3>A run may use at most</h3>
        <Fields path={["guards", "run"]} fields={RUN_BUDGET} />
      </div>
    </Section>
  );
}

export function CachePart(): ReactNode {
  return (
    <Section
      title="Cache"
      help="An answer that is given again costs nothing, and is marked. Never across projects or end users."
    >
      <div className="panel config-form">
        <Fields path={["cache"]} fields={CACHE} />
        <Fields path={["cache", "semantic"]} fields={SEMANTIC} rare="Also to questions that say the same" />
      </div>
    </Section>
  );
}

export function RecordingPart(): ReactNode {
  return (
    <Section title="Recording and failures" help="What is kept of each call, and when a target is set aside.">
      <div className="panel config-form">
        <Fields path={["recording"]} fields={RECORDING} />
        <h3>A target is set aside after</h3>
        <Fields path={["breaker"]} fields={BREAKER} />
        <Fields path={[]} fields={SIZES} rare="Sizes" />
      </div>
    </Section>
  );
}
