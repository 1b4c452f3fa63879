import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { MOUNT } from "@/api/client";
import { DEFAULT_PROJECT } from "@/api/defaults";
import { me } from "@/api/queries";
import { servedModels } from "@/api/trying";
import { useProject } from "@/shell/project";
import { Code } from "@/text/Code";
import { PROGRAMS } from "./programs";
import "@/runs/runs.css";
import "@/text/text.css";
import "./gateway.css";

/** Where programs find the gateway, without `/v1`. */
export const gatewayOrigin = () => `${location.origin}${MOUNT}`;

/** What to write in a program so that its calls come here; with a key's secret, while that is shown. */
export function Programs({ secret }: { secret?: string }): ReactNode {
  const project = useProject();
  const needsKey = useQuery(me()).data?.is_login_required ?? false;
  const model = useQuery(servedModels(project)).data?.items[0]?.model ?? "gpt-4o-mini";
  const [at, setAt] = useState(0);
  const program = PROGRAMS[at] ?? PROGRAMS[0];
  const place = {
    origin: gatewayOrigin(),
    key: secret ?? (needsKey ? "YOUR_KEY" : "any"),
    model,
    project: secret === undefined && !needsKey && project !== DEFAULT_PROJECT ? project : null,
  };
  return (
    <div className="programs">
      <fieldset className="range programs-choice">
        <legend className="sr-only">What the program is written with</legend>
        <div className="segmented">
          {PROGRAMS.map(({ word }, number) => (
            <button key={word} type="button" aria-pressed={number === at} onClick={() => setAt(number)}>
              {word}
            </button>
          ))}
        </div>
      </fieldset>
      <Code text={program.write(place)} language={program.language} />
    </div>
  );
}
