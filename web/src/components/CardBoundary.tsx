import { Component, type ReactNode } from "react";
import { Trouble } from "./Trouble";

interface Props {
  name: string;
  children: ReactNode;
}

/** A dive that cannot be drawn costs its own card and no other. */
export class CardBoundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <article className="card card-broken" aria-label={this.props.name}>
        <h3>{this.props.name}</h3>
        <Trouble
          title="This dive cannot be shown here"
          problem={{ code: "NOT_SHOWN", message: "The page met something in it that it does not understand. The dive itself is safe: reload the page." }}
        />
      </article>
    );
  }
}
