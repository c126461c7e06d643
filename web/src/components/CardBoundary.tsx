import { Component, type ReactNode } from "react";
import { found } from "../api/problems";
import { t } from "../i18n";
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
        <Trouble title={t("ending.notShown")} problem={found("NOT_SHOWN", "notShown")} />
      </article>
    );
  }
}
