import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { RunsFilter } from "@/api/queries";
import { report } from "@/api/reports";
import type { GroupKey } from "@/api/schema";
import { useProject } from "@/shell/project";
import { KeyPicker } from "@/statistics/KeyPicker";
import { halves, type Mode, modeOf, pair, periodOf, periodText, type Search } from "./asked";

const MODES: ReadonlyArray<{ mode: Mode; label: string }> = [
  { mode: "key", label: "All values of a key" },
  { mode: "groups", label: "Two groups" },
  { mode: "periods", label: "Two periods" },
];

type Props = {
  search: Search;
  keys: readonly GroupKey[];
  by: string;
  within: string;
  filter: RunsFilter;
  days: readonly string[];
  onChange: (change: Search) => void;
};

/** What to compare; every choice is in the address. */
export function Choice(props: Props): ReactNode {
  const { search, keys, by, within, onChange } = props;
  const mode = modeOf(search);
  const periods = halves(props.days);
  const several = keys.filter(({ key, values }) => values > 1 && values <= 24 && key !== "task");
  function start(next: Mode): void {
    if (next === "key") onChange({ first: undefined, second: undefined });
    if (next === "periods") onChange({ by: undefined, ...periods });
    if (next === "groups") onChange({ first: `${by || "system"}=`, second: `${by || "system"}=` });
  }
  return (
    <section className="choice panel" aria-label="What to compare">
      <fieldset className="range">
        <legend className="sr-only">Compare</legend>
        <div className="segmented">
          {MODES.map((each) => (
            <button
              key={each.mode}
              type="button"
              aria-pressed={each.mode === mode}
              disabled={each.mode === "periods" && mode !== "periods" && periods === null}
              title={each.mode === "periods" && periods === null ? "These runs have no times of two days" : undefined}
              onClick={() => each.mode !== mode && start(each.mode)}
            >
              {each.label}
            </button>
          ))}
        </div>
      </fieldset>
      {mode === "key" ? (
        <KeyPicker label="Key" keys={several} value={by} none="choose" onChange={(key) => onChange({ by: key })} />
      ) : null}
      {mode === "groups" ? <Groups {...props} keys={several} /> : null}
      {mode === "periods" ? <Periods search={search} onChange={onChange} /> : null}
      <KeyPicker
        label="Within"
        keys={several.filter(({ key }) => key !== by)}
        value={within}
        none="all together"
        onChange={(key) => onChange({ within: key })}
      />
    </section>
  );
}

function Groups({ search, keys, filter, onChange }: Props): ReactNode {
  const [first, second] = [pair(search.first), pair(search.second)];
  const key = first?.key ?? second?.key ?? "system";
  const found = useQuery(report(useProject(), filter, [key])).data;
  const values = found?.by[0]?.rates.map(({ group }) => group) ?? [];
  const side = (label: string, chosen: string, name: "first" | "second") => (
    <label className="picker">
      {label}
      <select
        className="field"
        value={chosen}
        onChange={(event) => onChange({ [name]: `${key}=${event.target.value}` })}
      >
        <option value="">choose</option>
        {values.map((value) => (
          <option key={value} value={value}>
            {value}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <>
      <KeyPicker
        label="Key"
        keys={keys}
        value={key}
        none="choose"
        onChange={(next) => onChange({ first: `${next}=`, second: `${next}=` })}
      />
      {side("First", first?.value ?? "", "first")}
      {side("Second", second?.value ?? "", "second")}
    </>
  );
}

function Periods({ search, onChange }: { search: Search; onChange: (change: Search) => void }): ReactNode {
  const sides = [
    { name: "first", label: "First" },
    { name: "second", label: "Second" },
  ] as const;
  return (
    <>
      {sides.map(({ name, label }) => {
        const period = periodOf(search[name]);
        return (
          <span key={name} className="picker">
            {label}
            {(["since", "until"] as const).map((end) => (
              <input
                key={end}
                type="date"
                className="field"
                aria-label={`${label} period ${end}`}
                value={period[end]}
                onChange={(event) => onChange({ [name]: periodText({ ...period, [end]: event.target.value }) ?? "" })}
              />
            ))}
          </span>
        );
      })}
    </>
  );
}
