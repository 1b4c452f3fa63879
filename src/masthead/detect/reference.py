"""Write the reference page of detectors from the registry: nothing about a rule is told twice."""

from masthead.codebook.load import mast
from masthead.detect.behaviours import BEHAVIOURS
from masthead.detect.registry import Entry, entries

_ABOUT = (
    "Rules that read turns one at a time, offline for a diagnosis and live as a guard, and ask no language model. How "
    "well each agrees with people stands in [agreement](agreement.md); how they work in "
    "[the explanation](../explanation/detectors.md)."
)

_BY_BEHAVIOUR = (
    "*On, measured*: it beat the baselines on labels by people. *On, uncalibrated*: no label says anything about it, "
    "and its claims keep to what the record says. *Off*: run it by name; why it is off stands in its section."
)


def page() -> str:
    """Return the page as Markdown."""
    names = {str(entry.id): entry.name for entry in mast().codes}
    found = entries()
    parts = [
        "# Detectors",
        _ABOUT,
        "| detector | code | what it sees | default |\n| --- | --- | --- | --- |\n"
        + "\n".join(f"| [`{e.id}`](#{e.id}) | {e.codes[0]} | {e.about.title} | {standing(e)} |" for e in found),
        "## By behaviour",
        _BY_BEHAVIOUR,
        _behaviours({entry.id: entry for entry in found}),
        *(_section(entry, names) for entry in found),
    ]
    return "\n\n".join(parts) + "\n"


def _behaviours(by_id: dict[str, Entry]) -> str:
    rows = ["| behaviour | detectors | what needs a judge or a person |", "| --- | --- | --- |"]
    for behaviour in BEHAVIOURS:
        rules = ", ".join(f"[`{rule}`](#{rule}) ({_in_short(by_id[rule])})" for rule in behaviour.rules)
        rows.append(f"| {behaviour.name} | {rules} | {behaviour.beyond or '–'} |")
    return "\n".join(rows)


def _in_short(entry: Entry) -> str:
    if entry.is_proven:
        return "on, measured"
    return "on, uncalibrated" if entry.is_on else "off"


def standing(entry: Entry) -> str:
    """Return whether the rule is on by default, and why."""
    measured = entry.measured
    if measured is None:
        return "off: not yet measured"
    if not measured.fired:
        return "on, uncalibrated: says what the record says" if entry.is_on else "off: never fired on the labels"
    return "on" if entry.is_on else "off: no better than the baselines"


def _section(entry: Entry, names: dict[str, str]) -> str:
    codes = ", ".join(f"{code} {names.get(code, '')}".strip() for code in entry.codes)
    lines = [
        f"## {entry.id}",
        f"{entry.about.title}. Version {entry.version}, {codes}; {standing(entry)}.",
        f"**Sees:** {entry.about.sees}",
        f"**Cannot see:** {entry.about.blind}",
    ]
    if entry.reads_outcome:
        lines.append(
            "**Reads the outcome:** it rests on the record's own verdict on the task, such as a benchmark's checker. A "
            "live guard, and a run without a recorded outcome, has none: there it abstains and its code needs a judge."
        )
    measured = entry.measured
    if measured is not None and measured.fired:
        lines.append(
            f"**Measured:** right in {measured.true_positive} of {measured.fired} labelled runs in which it fired, "
            f"{measured.false_negative} missed; its findings carry a confidence of {measured.precision:.2f}."
        )
    else:
        lines.append("**Measured:** not yet; its findings carry a confidence of 0.50 and are marked uncalibrated.")
    if entry.parameters:
        rows = [f"| `{name}` | {value:g} |" for name, value in entry.parameters.items()]
        lines.append("| parameter | default |\n| --- | --- |\n" + "\n".join(rows))
    return "\n\n".join(lines)
