import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

const NEAR = 24;

export interface StickToEnd<E extends HTMLElement> {
  box: RefObject<E | null>;
  /** The last line is in view, or will be. */
  atEnd: boolean;
  toEnd: () => void;
  onScroll: () => void;
}

/**
 * Keeps a scrolling box at its end while content comes, until somebody scrolls up. `content` is
 * whatever changes when there is more.
 */
export function useStickToEnd<E extends HTMLElement>(content: unknown): StickToEnd<E> {
  const box = useRef<E>(null);
  const stuck = useRef(true);
  const lastTop = useRef(0);
  const [atEnd, setAtEnd] = useState(true);
  const settle = useCallback(() => {
    const element = box.current;
    if (!element || !stuck.current) return;
    element.scrollTop = element.scrollHeight;
    lastTop.current = element.scrollTop;
  }, []);
  const onScroll = useCallback(() => {
    const element = box.current;
    if (!element) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    const near = scrollHeight - scrollTop - clientHeight < NEAR;
    // Growing content moves the end away without anybody scrolling: only going up lets go.
    if (near) stuck.current = true;
    else if (scrollTop < lastTop.current - 1) stuck.current = false;
    lastTop.current = scrollTop;
    setAtEnd(stuck.current);
  }, []);
  const toEnd = useCallback(() => {
    stuck.current = true;
    setAtEnd(true);
    settle();
  }, [settle]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: content is what makes it grow
  useLayoutEffect(settle, [content, settle]);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(settle);
    observer.observe(element);
    for (const child of element.children) observer.observe(child);
    return () => observer.disconnect();
  }, [settle]);
  return { box, atEnd, toEnd, onScroll };
}
