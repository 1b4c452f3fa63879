import { type ReactNode, useState } from "react";
import { Icon } from "@/design/icons";
import { CustomRange } from "./CustomRange";
import { PRESETS, resolve } from "./range";

type Props = {
  since: string | undefined;
  until: string | undefined;
  onChange: (range: { since: string | undefined; until: string | undefined }) => void;
};

const short = (time: string) =>
  new Date(time).toLocaleString("en", {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  });

/** Presets, or the range that was brushed in the histogram or typed. */
export function RangePicker({ since, until, onChange }: Props): ReactNode {
  const [isAsking, setAsking] = useState(false);
  const isBrushed = until !== undefined || (since !== undefined && !PRESETS.some((preset) => preset.since === since));
  return (
    <fieldset className="range">
      <legend className="sr-only">Time range</legend>
      {isBrushed ? (
        <button type="button" className="button" onClick={() => onChange({ since: undefined, until: undefined })}>
          {since ? short(since) : "Start"} – {until ? short(until) : "now"}
          <Icon name="close" size={12} />
          <span className="sr-only">Clear the time range</span>
        </button>
      ) : (
        <div className="segmented">
          {PRESETS.map((preset) => (
            <button
              key={preset.label}
              type="button"
              aria-pressed={preset.since === since}
              onClick={() => onChange({ since: preset.since, until: undefined })}
            >
              {preset.label}
            </button>
          ))}
          <button type="button" aria-haspopup="dialog" onClick={() => setAsking(true)}>
            Custom
          </button>
        </div>
      )}
      {isAsking ? (
        <CustomRange
          since={resolve(since, Date.now())}
          until={until}
          onChange={onChange}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </fieldset>
  );
}
