import { Component, type ReactNode } from "react";
import { t } from "../i18n";
import { Button, ErrorState } from "../ui";

interface CatchState {
  error: unknown;
}

/** What is shown when a part of the page could not be loaded or drawn. */
export class Catch extends Component<{ children: ReactNode }, CatchState> {
  override state: CatchState = { error: null };

  static getDerivedStateFromError(error: unknown): CatchState {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <main className="grid min-h-dvh place-items-center">
        <ErrorState
          level={1}
          title={t("app.partFailed")}
          code={error instanceof Error ? error.message : null}
          actions={<Button onClick={() => location.reload()}>{t("app.reload")}</Button>}
        >
          {t("app.partFailedText")}
        </ErrorState>
      </main>
    );
  }
}
