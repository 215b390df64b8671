import type { ReactNode } from "react";
import { dismiss, useStore } from "../state/store";

export function Notices(): ReactNode {
  const notices = useStore((state) => state.notices);
  return (
    <div className="notices" role="status" aria-live="polite">
      {notices.map((notice) => (
        <div key={notice.id} className={`notice ${notice.tone}`}>
          <span className="grow break">{notice.text}</span>
          <button type="button" className="button quiet tiny" aria-label="Dismiss" onClick={() => dismiss(notice.id)}>
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
