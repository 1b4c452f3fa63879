import type { ServedModel } from "@/api/types";

export type Serving = { connections: string[]; name: string; aliases: string[] };

const keyOf = (provider: string, model: string) => `${provider}\n${model}`;

/** By which connections a model of the catalogue is served, under which name, and by which routes beside. */
export function servedBy(items: readonly ServedModel[]): (provider: string, model: string) => Serving | undefined {
  const found = new Map<string, Serving>();
  for (const { model: name, kind, places } of items) {
    for (const { connection, provider, model } of places) {
      const key = keyOf(provider, model);
      const serving = found.get(key) ?? { connections: [], name, aliases: [] };
      if (kind === "route") serving.aliases.push(name);
      else serving.name = name;
      if (!serving.connections.includes(connection)) serving.connections.push(connection);
      found.set(key, serving);
    }
  }
  return (provider, model) => found.get(keyOf(provider, model));
}
