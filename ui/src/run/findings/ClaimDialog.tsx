import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Icon } from "@/design/icons";
import book from "@/findings/codebook.json";
import { type Finding, ORIGIN } from "@/findings/select";
import type { Claim } from "@/findings/verdicts";
import { useRun } from "../RunContext";

type Props = { finding: Finding | null; onSubmit: (claim: Claim) => void; onClose: () => void };
type Code = (typeof book.codes)[number];

/** Says what went wrong, where and with whom; of a finding, what it is instead. */
export function ClaimDialog({ finding, onSubmit, onClose }: Props): ReactNode {
  const { turn: selected, outline } = useRun();
  const dialog = useRef<HTMLDialogElement>(null);
  const [name, setName] = useState(finding?.score.name ?? "");
  const [turn, setTurn] = useState(String(finding?.turn ?? selected ?? ""));
  const [agent, setAgent] = useState(finding?.score.subject.agent ?? speakerAt(outline, finding?.turn ?? selected));
  const [reason, setReason] = useState("");
  const title = useId();
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.querySelector("select")?.focus();
  }, []);

  function moveTo(value: string): void {
    setTurn(value);
    const speaker = value === "" ? null : speakerAt(outline, Number(value));
    if (speaker !== null) setAgent(speaker);
  }
  function submit(event: FormEvent): void {
    event.preventDefault();
    onSubmit({ name, turn: turn === "" ? null : Number(turn), agent: agent || null, reason });
  }
  return (
    <dialog ref={dialog} className="dialog claim" aria-labelledby={title} onClose={onClose}>
      <form onSubmit={submit}>
        <div className="dialog-head">
          <h2 id={title}>{finding ? `Not ${titleOf(finding)}, but…` : "What went wrong here?"}</h2>
          <button type="button" className="button button-ghost button-icon" aria-label="Close" onClick={onClose}>
            <Icon name="close" size={14} />
          </button>
        </div>
        <div className="claim-body">
          <CodeField name={name} onChange={setName} />
          <div className="claim-place">
            <label>
              <span>Turn</span>
              <input
                className="field num"
                type="number"
                min={0}
                max={outline.speaker.length - 1}
                placeholder="the whole run"
                required={name === ORIGIN}
                value={turn}
                onChange={(event) => moveTo(event.target.value)}
              />
            </label>
            <AgentField agent={agent} onChange={setAgent} />
          </div>
          <label>
            <span>
              Why <span className="quiet">(optional, in your own words)</span>
            </span>
            <textarea className="field" rows={3} value={reason} onChange={(event) => setReason(event.target.value)} />
          </label>
        </div>
        <div className="claim-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button-primary" disabled={name === ""}>
            {finding ? "Correct it" : "Add it"}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function CodeField({ name, onChange }: { name: string; onChange: (name: string) => void }): ReactNode {
  const code = book.codes.find((each) => each.id === name);
  const isOther = name !== "" && name !== ORIGIN && !code;
  return (
    <>
      <label>
        <span>What</span>
        <select className="field" value={name} required onChange={(event) => onChange(event.target.value)}>
          <option value="" disabled>
            Choose…
          </option>
          {isOther ? <option value={name}>{name}</option> : null}
          <option value={ORIGIN}>Where it began</option>
          {Object.entries(book.categories).map(([id, title]) => (
            <optgroup key={id} label={title}>
              {book.codes
                .filter((each) => each.category === id)
                .map((each) => (
                  <option key={each.id} value={each.id}>
                    {each.id} {each.name}
                  </option>
                ))}
            </optgroup>
          ))}
        </select>
      </label>
      {name === ORIGIN ? (
        <p className="claim-meaning">The first turn without which the run would have gone well, and who took it.</p>
      ) : null}
      {code ? <Meaning code={code} /> : null}
    </>
  );
}

function Meaning({ code }: { code: Code }): ReactNode {
  return (
    <div className="claim-meaning">
      <p>{code.definition}</p>
      <p>
        <strong>For example:</strong> {code.positive}
      </p>
      <p className="quiet">
        <strong>Not:</strong> {code.exclude.join("; ")}.
      </p>
    </div>
  );
}

function AgentField({ agent, onChange }: { agent: string; onChange: (agent: string) => void }): ReactNode {
  const { detail } = useRun();
  const isKnown = detail.agents.some((each) => each.id === agent);
  return (
    <label>
      <span>Agent</span>
      <select className="field" value={agent} onChange={(event) => onChange(event.target.value)}>
        <option value="">Nobody in particular</option>
        {agent === "" || isKnown ? null : <option value={agent}>{agent}</option>}
        {detail.agents.map((each) => (
          <option key={each.id} value={each.id}>
            {each.name}
          </option>
        ))}
      </select>
    </label>
  );
}

function titleOf({ score }: Finding): string {
  return score.name === ORIGIN ? "there" : score.name;
}

function speakerAt(outline: { agents: string[]; speaker: number[] }, turn: number | null | undefined): string {
  return turn == null ? "" : (outline.agents[outline.speaker[turn] ?? -1] ?? "");
}
