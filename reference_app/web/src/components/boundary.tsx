// What can not be loaded or drawn is said in its own place; what stands around it goes on.
import { Component, type ReactNode } from "react";

export class Boundary extends Component<{ children: ReactNode }, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { readonly failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <div className="empty" role="alert">
        <p>This could not be loaded. The exchange may be out of reach, or was renewed since you opened this page.</p>
        <button type="button" className="button" onClick={() => location.reload()}>
          Load it again
        </button>
      </div>
    );
  }
}
