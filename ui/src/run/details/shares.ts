import type { Outline } from "@/api/types";

export type Share = { turns: number; toolCalls: number; errors: number; characters: number };

/** What each agent did, by its position in the outline. Linear in the turns. */
export function sharesOf(outline: Outline): Share[] {
  const shares = outline.agents.map((): Share => ({ turns: 0, toolCalls: 0, errors: 0, characters: 0 }));
  const toolCall = outline.acts.indexOf("tool_call");
  outline.speaker.forEach((speaker, index) => {
    const share = shares[speaker];
    if (!share) return;
    share.turns += 1;
    share.toolCalls += outline.act[index] === toolCall ? 1 : 0;
    share.errors += outline.is_error[index] ?? 0;
    share.characters += outline.characters[index] ?? 0;
  });
  return shares;
}
