import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { saveSecret, secrets as secretsQuery, tryConnection, vendors } from "@/api/configuration";
import { typedList } from "@/formats/lists";
import { useProject } from "@/shell/project";
import { type Document, nameFrom, objectOf, put } from "./document";
import { useDraft } from "./Fields";

const EMPTY = { provider: "openai", name: null as string | null, key: "", secret: "", address: "", models: "" };

/** What a connection into this very machine has to say; whether it may is the server's to decide. */
const HERE = { allow_networks: ["loopback"] };

function isHere(address: string | null | undefined): boolean {
  return /^https?:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])([:/]|$)/.test(address ?? "");
}

/** A connection while it is made: its fields, trying it, and putting it into the document with its key stored. */
export function useNewConnection(onDone: () => void) {
  const project = useProject();
  const queryClient = useQueryClient();
  const { document, effective, change } = useDraft();
  const rows = useQuery(vendors()).data?.items ?? [];
  const kept = useQuery(secretsQuery(project)).data?.items ?? [];
  const [typed, setTyped] = useState(EMPTY);
  const [tried, setTried] = useState<typeof EMPTY | null>(null);
  const own = objectOf(document, ["connections"]);
  const name = typed.name ?? nameFrom(typed.provider, Object.keys({ ...own, ...objectOf(effective, ["connections"]) }));
  const key = typed.key.trim();
  const models = typedList(typed.models);
  const connection = (secret: string): Document => ({
    provider: typed.provider,
    ...(typed.address.trim() === "" ? {} : { base_url: typed.address.trim() }),
    ...(models.length === 0 ? {} : { models }),
    ...(isHere(typed.address.trim() || rows.find((each) => each.id === typed.provider)?.base_url) ? HERE : {}),
    ...(secret === "" ? {} : { secret: `stored:${secret}` }),
  });
  const trying = useMutation({
    mutationFn: () =>
      tryConnection(project, {
        name,
        connection: connection(typed.secret),
        key: key || null,
        model: models[0] ?? null,
      }),
    onMutate: () => setTried(typed),
  });
  const adding = useMutation({
    mutationFn: async () => {
      if (key === "") return connection(typed.secret);
      await saveSecret(project, name, key);
      await queryClient.invalidateQueries({ queryKey: [project, "gateway-secrets"] });
      return connection(name);
    },
    onSuccess: (made) => {
      change(put(document, ["connections", name], made));
      onDone();
    },
  });
  return {
    fields: { ...typed, name },
    rows,
    kept,
    isNameTaken: Object.hasOwn(own, name),
    set: (part: Partial<typeof EMPTY>) => setTyped({ ...typed, ...part }),
    trying,
    /** Whether what is shown of a trial is about what the fields say now. */
    isTried: tried === typed,
    adding,
  };
}
