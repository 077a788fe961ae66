import type { LucideIcon } from "lucide-react";

export interface Toast {
  text: string;
  icon?: LucideIcon;
  /** Errors stay until dismissed. */
  tone?: "error";
  action?: { label: string; run: () => void };
}

export interface ShownToast extends Toast {
  id: number;
}

/** The newest is shown. It replaces a plain one; an error waits below it and comes back. */
export function stack(toasts: readonly ShownToast[], next: ShownToast): ShownToast[] {
  const errors = toasts.filter((toast) => toast.tone === "error" && toast.text !== next.text);
  return [...errors, next];
}

let shown: readonly ShownToast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function show(next: readonly ShownToast[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

/** Shows a toast; answers how to take it away again. */
export function toast(content: Toast): () => void {
  lastId += 1;
  const id = lastId;
  show(stack(shown, { ...content, id }));
  return () => dismiss(id);
}

export function dismiss(id: number): void {
  show(shown.filter((toast) => toast.id !== id));
}

export const toastStore = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  current: (): ShownToast | undefined => shown.at(-1),
};
