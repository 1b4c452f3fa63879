import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "@/api/client";
import { ask, type Head } from "@/api/trying";
import { eventsIn, fed, inWords, NOTHING, type Reply } from "./reply";
import { isContinued, type Json } from "./request";

export type State = "asking" | "done" | "stopped" | "failed";
export type Answer = {
  state: State;
  reply: Reply;
  head: Head | null;
  /** What was asked, to copy it as code and to go on from. */
  body: Json;
  run: string;
  /** From sending to the first word, and to the end; null as long as there is none. */
  firstMs: number | null;
  totalMs: number | null;
  /** Why there is no answer, or no whole one. */
  error: string | null;
};

export type Asking = { answer: Answer | null; send: (body: Json) => void; stop: () => void; clear: () => void };

/** One pane's call: what is asked now, or was asked last. Leaving the page stops it. */
export function useAnswer(project: string, session: string): Asking {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const abort = useRef<AbortController | null>(null);
  const thread = useRef<{ run: string; said: unknown[] } | null>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const stop = useCallback(() => abort.current?.abort(), []);
  const clear = useCallback(() => {
    abort.current?.abort();
    thread.current = null;
    setAnswer(null);
  }, []);
  const send = useCallback(
    (body: Json) => {
      abort.current?.abort();
      const controller = new AbortController();
      abort.current = controller;
      const messages = body.messages as unknown[];
      const before = thread.current;
      const run = before && isContinued(before.said, messages) ? before.run : randomHex(16);
      thread.current = { run, said: messages };
      void conduct(project, session, body, run, controller.signal, (next) => {
        if (abort.current === controller) setAnswer(next);
      });
    },
    [project, session],
  );
  return { answer, send, stop, clear };
}

type Show = (answer: Answer) => void;

async function conduct(project: string, session: string, body: Json, run: string, signal: AbortSignal, show: Show) {
  const start = performance.now();
  const since = () => performance.now() - start;
  let answer: Answer = {
    ...{ state: "asking", reply: NOTHING, head: null, body, run },
    ...{ firstMs: null, totalMs: null, error: null },
  };
  let buffer = "";
  let frame = 0;
  // Drawn once a frame, however many tokens come: the page stays quick with fast models.
  const draw = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      show(answer);
    });
  };
  const onText = (text: string) => {
    const { events, rest } = eventsIn(buffer + text);
    buffer = rest;
    const reply = events.reduce(fed, answer.reply);
    const hasBegun = reply.text !== "" || reply.reasoning !== "" || reply.calls.length > 0;
    answer = { ...answer, reply, firstMs: answer.firstMs ?? (hasBegun ? since() : null) };
    draw();
  };
  const onHead = (head: Head) => {
    answer = { ...answer, head };
  };
  show(answer);
  let end: { state: State; error: string | null };
  try {
    await ask({ project, body, run, session, signal, onHead, onText });
    end = { state: answer.reply.error === null ? "done" : "failed", error: answer.reply.error };
  } catch (cause) {
    end = signal.aborted ? { state: "stopped", error: null } : { state: "failed", error: whyOf(cause) };
  }
  cancelAnimationFrame(frame);
  show({ ...answer, ...end, totalMs: since() });
}

/** An error as people can read it: who refused and why. */
function whyOf(cause: unknown): string {
  if (!(cause instanceof ApiError)) return "The connection to the server broke before the answer's end.";
  return inWords(cause.message) || `The status ${cause.status}, and no word of why.`;
}

export function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}
