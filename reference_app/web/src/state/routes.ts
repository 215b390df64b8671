// Addresses of the pages. The server answers each with the same document (reference_app/routes/pages.py).
import { type MouseEvent, useSyncExternalStore } from "react";

const CHANGED = "hybrid-dex:route";

export function navigate(path: string): void {
  if (path !== location.pathname) history.pushState(null, "", path);
  window.dispatchEvent(new Event(CHANGED));
  window.scrollTo(0, 0);
}

export function usePath(): string {
  return useSyncExternalStore(
    (changed) => {
      window.addEventListener("popstate", changed);
      window.addEventListener(CHANGED, changed);
      return () => {
        window.removeEventListener("popstate", changed);
        window.removeEventListener(CHANGED, changed);
      };
    },
    () => location.pathname,
  );
}

/** Returns what a part of an address says; what can not be decoded is what it is. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Follows a link within the pages; a new tab or window stays the browser's. */
export function follow(event: MouseEvent<HTMLAnchorElement>): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  navigate(new URL(event.currentTarget.href).pathname);
}
