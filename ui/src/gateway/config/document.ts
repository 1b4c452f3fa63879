/** A gateway's configuration as JSON, and its values by path: `connections.openai.base_url`, `routes.0.model`. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Document = { [name: string]: Json };
export type Path = ReadonlyArray<string | number>;
export type Fault = { where: string; message: string };

export function isObject(value: Json | undefined): value is Document {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

export function at(document: Json | undefined, path: Path): Json | undefined {
  let found: Json | undefined = document;
  for (const step of path) {
    if (Array.isArray(found)) found = found[Number(step)];
    else if (isObject(found) && Object.hasOwn(found, step)) found = found[String(step)];
    else return undefined;
  }
  return found;
}

export function entriesOf(document: Json | undefined, path: Path): Json[] {
  const found = at(document, path);
  return Array.isArray(found) ? found : [];
}

export function objectOf(document: Json | undefined, path: Path): Document {
  const found = at(document, path);
  return isObject(found) ? found : {};
}

/** The document with a value put there; undefined takes it out, and parts that this leaves empty with it. */
export function put(document: Document, path: Path, value: Json | undefined): Document {
  return (placed(document, path, value) ?? {}) as Document;
}

function placed(inside: Json | undefined, path: Path, value: Json | undefined): Json | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (typeof step === "number") return placedInList(Array.isArray(inside) ? inside : [], step, rest, value);
  return placedInObject(isObject(inside) ? inside : {}, step, rest, value);
}

function placedInList(items: readonly Json[], step: number, rest: Path, value: Json | undefined): Json | undefined {
  const entry = placed(items[step], rest, value);
  // What is taken out of an entry leaves the entry; the entry itself goes when it is what is taken out.
  const next = entry === undefined && rest.length > 0 ? {} : entry;
  const before = items.slice(0, step);
  const list = next === undefined ? [...before, ...items.slice(step + 1)] : [...before, next, ...items.slice(step + 1)];
  return list.length === 0 ? undefined : list;
}

function placedInObject(inside: Document, step: string, rest: Path, value: Json | undefined): Json | undefined {
  const next = placed(inside[step], rest, value);
  if (next !== undefined) return { ...inside, [step]: next };
  const { [step]: _before, ...others } = inside;
  return Object.keys(others).length === 0 ? undefined : others;
}

/** The entries with one moved by a step. */
export function moved(entries: readonly Json[], place: number, step: -1 | 1): Json[] {
  const next = [...entries];
  const [one] = next.splice(place, 1);
  if (one !== undefined) next.splice(Math.max(0, place + step), 0, one);
  return next;
}

/** The faults of one value, or with `isDeep` of everything inside it. Kinds of plugins stand in paths too. */
export function faultsAt(faults: readonly Fault[], path: Path, isDeep = false): string[] {
  const place = path.join(".");
  return faults
    .filter(({ where }) => {
      const plain = where.replace(/^(plugins\.\d+)\.(pii|banned|json|max_output)(?=\.|$)/, "$1");
      return plain === place || (isDeep && (plain.startsWith(`${place}.`) || place === ""));
    })
    .map(({ message }) => message);
}

/** A name that the configuration takes, from what a person typed. */
export function nameFrom(text: string, taken: readonly string[]): string {
  const base =
    text
      .toLowerCase()
      .replace(/[^a-z0-9_.-]+/g, "-")
      .replace(/^[^a-z0-9]+/, "")
      .slice(0, 60) || "connection";
  if (!taken.includes(base)) return base;
  let number = 2;
  while (taken.includes(`${base}-${number}`)) number += 1;
  return `${base}-${number}`;
}

/** One value as a person reads it: no braces, no quotes. */
export function shown(value: Json | undefined): string {
  if (value === undefined || value === null) return "not set";
  if (Array.isArray(value)) {
    if (value.length === 0) return "none";
    return value.map((each) => (isObject(each) ? `(${shown(each)})` : shown(each))).join(", ");
  }
  if (!isObject(value)) return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
  return Object.entries(value)
    .map(([name, each]) => `${name}: ${isObject(each) ? `(${shown(each)})` : shown(each)}`)
    .join(", ");
}
