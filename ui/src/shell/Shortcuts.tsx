import type { ReactNode, Ref } from "react";

const GROUPS: ReadonlyArray<{ title: string; keys: ReadonlyArray<readonly [string, string]> }> = [
  {
    title: "Everywhere",
    keys: [
      ["g", "All runs"],
      ["/", "Search or filter"],
      ["?", "This list"],
    ],
  },
  {
    title: "Runs",
    keys: [
      ["j  k", "Next, previous run"],
      ["Enter", "Open"],
    ],
  },
  {
    title: "A run",
    keys: [
      ["j  k", "Next, previous turn"],
      ["e", "Unfold or fold the turn"],
      ["n  N", "Next, previous match"],
      ["a  x", "Agree, disagree with what was found there"],
      ["[  ]", "Previous, next handoff"],
      ["1 – 5", "Chat, lanes, flow, timeline, raw"],
      ["c", "Copy a link to the turn"],
      ["i", "Show or hide the details"],
    ],
  },
];

/** Every key, in one dialog. */
export function Shortcuts({ ref }: { ref: Ref<HTMLDialogElement> }): ReactNode {
  return (
    <dialog ref={ref} className="dialog" aria-labelledby="shortcuts-title">
      <form method="dialog" className="dialog-head">
        <h2 id="shortcuts-title">Keyboard shortcuts</h2>
        <button type="submit" className="button button-ghost">
          Close
        </button>
      </form>
      <div className="shortcuts">
        {GROUPS.map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl>
              {group.keys.map(([keys, meaning]) => (
                <div key={keys}>
                  <dt>
                    {keys.split("  ").map((key) => (
                      <kbd key={key} className="kbd">
                        {key}
                      </kbd>
                    ))}
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </dialog>
  );
}
