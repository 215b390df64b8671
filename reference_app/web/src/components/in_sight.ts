// A bar of links that is wider than the window shows the one that is chosen.
import { type RefObject, useLayoutEffect, useRef } from "react";

/** Returns where to put the bar; whenever `chosen` or the bar's width changes, its current link is scrolled to the middle. */
export function useInSight(chosen: string): RefObject<HTMLElement | null> {
  const bar = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the link is found in the document, which follows it
  useLayoutEffect(() => {
    const element = bar.current;
    if (!element) return;
    const show = (): void => {
      const link = element.querySelector('[aria-current="page"]')?.getBoundingClientRect();
      const outer = element.getBoundingClientRect();
      if (link) element.scrollLeft += link.left + link.width / 2 - (outer.left + outer.width / 2);
    };
    show();
    const watch = new ResizeObserver(show);
    watch.observe(element);
    return () => watch.disconnect();
  }, [chosen]);
  return bar;
}
