import { type RefObject, useEffect, useRef, useState } from "react";

/** A menu's state: it closes by Escape, which gives the focus back, and by a press anywhere else. */
export function usePopup(): {
  box: RefObject<HTMLDivElement | null>;
  isOpen: boolean;
  setIsOpen: (isOpen: boolean) => void;
} {
  const [isOpen, setIsOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    function onPointer(event: Event): void {
      if (!box.current?.contains(event.target as Node)) setIsOpen(false);
    }
    function onKey(event: KeyboardEvent): void {
      if (event.key !== "Escape") return;
      event.preventDefault();
      setIsOpen(false);
      box.current?.querySelector<HTMLElement>("[aria-expanded]")?.focus();
    }
    document.addEventListener("pointerdown", onPointer);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("pointerdown", onPointer);
      document.removeEventListener("keydown", onKey);
    };
  }, [isOpen]);
  return { box, isOpen, setIsOpen };
}
