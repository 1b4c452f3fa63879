import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { MOUNT } from "@/api/client";
import { me } from "@/api/queries";
import { createKey } from "@/api/settings";
import { useProject } from "@/shell/project";
import { useMay } from "@/shell/useMay";
import { Code } from "@/text/Code";
import { ImportFile } from "./ImportFile";
import { ways } from "./ways";

/** The first screen of an empty project. It turns into the list by itself when the first run arrives. */
export function EmptyProject(): ReactNode {
  const project = useProject();
  const caller = useQuery(me()).data;
  const [chosen, setChosen] = useState(0);
  const [key, setKey] = useState<string | null>(null);
  const needsKey = caller?.is_login_required ?? false;
  const all = ways({ endpoint: `${location.origin}${MOUNT}`, project, needsKey, key });
  const way = all[chosen] ?? all[0];
  function walk(step: number): void {
    const next = (chosen + step + all.length) % all.length;
    setChosen(next);
    document.getElementById(`way-${next}`)?.focus();
  }
  return (
    <div className="empty">
      <h1>Send the first run</h1>
      <p className="empty-lead">
        A run is one execution of your agent system. Masthead shows who said what to whom, where it went wrong, and what
        it cost.
      </p>
      <div className="tabs" role="tablist" aria-label="Ways to send a run">
        {all.map((each, index) => (
          <button
            key={each.title}
            type="button"
            role="tab"
            id={`way-${index}`}
            aria-selected={index === chosen}
            aria-controls="way"
            tabIndex={index === chosen ? 0 : -1}
            className="tab"
            onClick={() => setChosen(index)}
            onKeyDown={(event) => {
              if (event.key === "ArrowRight") walk(1);
              if (event.key === "ArrowLeft") walk(-1);
            }}
          >
            {each.title}
          </button>
        ))}
      </div>
      {way ? (
        <div id="way" role="tabpanel" aria-labelledby={`way-${chosen}`} className="empty-way">
          <p>{way.lead}</p>
          <Code text={way.code} language={way.language} />
          {needsKey ? <KeyLine secret={key} onMade={setKey} /> : null}
          {way.takesFile ? <ImportFile /> : null}
        </div>
      ) : null}
      <p className="listening" role="status">
        <span className="pulse" aria-hidden="true" />
        Listening for runs in <strong>{project}</strong>
      </p>
    </div>
  );
}

/** Makes the key that the lines above need, or says who can. */
function KeyLine({ secret, onMade }: { secret: string | null; onMade: (secret: string) => void }): ReactNode {
  const project = useProject();
  const isOwner = useMay("owner");
  const making = useMutation({
    mutationFn: () =>
      createKey(project, { name: "first run", role: "editor", expires_in_days: null, models: [], limits: [] }),
    onSuccess: (made) => onMade(made.secret),
  });
  if (secret) {
    return <p className="quiet">The key is filled in. It is shown this once: copy it, or make another in Settings.</p>;
  }
  if (!isOwner) {
    return (
      <p className="quiet">Put a key of the role editor in place of YOUR_KEY; an owner of this project makes one.</p>
    );
  }
  return (
    <div className="form-row">
      <button type="button" className="button" disabled={making.isPending} onClick={() => making.mutate()}>
        Make a key and fill it in
      </button>
      {making.error ? (
        <span className="tone-bad" role="alert">
          {making.error.message}
        </span>
      ) : null}
    </div>
  );
}
