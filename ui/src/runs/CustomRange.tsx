import { type FormEvent, type ReactNode, useState } from "react";
import { Dialog } from "@/design/Dialog";
import { localTime, rfc3339 } from "./range";

type Range = { since: string | undefined; until: string | undefined };
type Props = {
  since: string | undefined;
  until: string | undefined;
  onChange: (range: Range) => void;
  onClose: () => void;
};

/** Any range of time, typed or picked; an end that is left out means now. */
export function CustomRange({ since, until, onChange, onClose }: Props): ReactNode {
  return (
    <Dialog title="Time range" onClose={onClose}>
      <Ends
        from={localTime(since)}
        to={localTime(until)}
        onTake={(range) => {
          onClose();
          onChange(range);
        }}
      />
    </Dialog>
  );
}

type EndsProps = { from: string; to: string; onTake: (range: Range) => void };

function Ends({ from, to, onTake }: EndsProps): ReactNode {
  const [first, setFirst] = useState(from);
  const [last, setLast] = useState(to);
  const isTurned = first !== "" && last !== "" && first >= last;
  function submit(event: FormEvent): void {
    event.preventDefault();
    onTake({ since: rfc3339(first), until: rfc3339(last) });
  }
  return (
    <form className="form" onSubmit={submit}>
      <div className="form-row form-grid">
        <label>
          From
          <input
            className="field"
            type="datetime-local"
            required
            value={first}
            onChange={(event) => setFirst(event.target.value)}
          />
        </label>
        <label>
          To, or until now
          <input
            className="field"
            type="datetime-local"
            aria-invalid={isTurned}
            value={last}
            onChange={(event) => setLast(event.target.value)}
          />
        </label>
      </div>
      {isTurned ? (
        <p className="tone-bad" role="alert">
          The end is not after the beginning.
        </p>
      ) : null}
      <div className="form-row">
        <button type="submit" className="button button-primary" disabled={first === "" || isTurned}>
          Show
        </button>
        <span className="quiet">By this browser's clock.</span>
      </div>
    </form>
  );
}
