import type { GatewayCall } from "@/api/types";

export type Mark = { word: string; tone: "" | "good" | "warn" | "bad"; title: string };

const GUARDS: Record<string, Mark> = {
  recorded: { word: "guard: noted", tone: "warn", title: "A guard found something, and noted it" },
  warned: { word: "guard: warned", tone: "warn", title: "A guard found something, and said so in a header" },
  corrected: { word: "guard: corrected", tone: "warn", title: "A guard added a note to the model" },
  stopped: { word: "guard: stopped", tone: "bad", title: "A guard stopped the run" },
};

/** What is worth knowing of a call beside its status, in words. */
export function marksOf(call: Pick<GatewayCall, "cache" | "tries" | "guard" | "purpose" | "error" | "status">): Mark[] {
  const marks: Mark[] = [];
  if (call.cache !== null && call.cache !== "miss")
    marks.push({ word: `cache ${call.cache}`, tone: "good", title: "Answered from the cache, at no cost" });
  if (call.tries > 1)
    marks.push({ word: `${call.tries} tries`, tone: "warn", title: "Tried again, or by another target" });
  if (call.guard !== null)
    marks.push(GUARDS[call.guard] ?? { word: `guard: ${call.guard}`, tone: "warn", title: "A guard acted" });
  if (call.purpose !== null)
    marks.push({ word: call.purpose, tone: "", title: "The gateway's own call: no client asked for it" });
  if (call.error !== null && call.status !== null && call.status < 400)
    marks.push({ word: "broke off", tone: "bad", title: call.error });
  return marks;
}
