// What can not be loaded or drawn is said in its own place; what stands around it goes on.
import { Component, type ReactNode } from "react";
import { WorkButton } from "./ui";

const TIMEOUT_MS = 15_000;

interface State {
  readonly failed: boolean;
  /** Whether the exchange was asked for the page again, and gave none. */
  readonly silent: boolean;
}

export class Boundary extends Component<{ children: ReactNode }, State> {
  override state: State = { failed: false, silent: false };

  static getDerivedStateFromError(): Partial<State> {
    return { failed: true };
  }

  /** Loads the page again once it is there to be had: else the browser's error would replace what still works. */
  private readonly again = async (): Promise<void> => {
    this.setState({ silent: false });
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const reply = await fetch(location.href, { cache: "no-store", credentials: "omit", signal }).catch(() => null);
    if (reply?.ok) location.reload();
    else this.setState({ silent: true });
  };

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <div className="empty" role="alert">
        <p>
          This could not be loaded. The exchange may be out of reach, or was renewed since you opened this page.
          {this.state.silent ? " It does not answer now; try again in a while." : null}
        </p>
        <WorkButton work={this.again} busy="Loading…">
          Load it again
        </WorkButton>
      </div>
    );
  }
}
