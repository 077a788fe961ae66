import { lazy, Suspense, useState } from "react";
import { useOpenRoom } from "../collab";
import { downloadFile } from "../files/transfer";
import { useT } from "../i18n";
import { Button } from "../ui";

const DiscardDialog = lazy(() => import("./DiscardDialog"));

/** The way out for somebody whose edits the server does not take: too large, or no longer allowed. */
export function RefusedNotice() {
  const t = useT();
  const { files, tabs } = useOpenRoom();
  const [asking, setAsking] = useState(false);
  return (
    <section
      role="alert"
      className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-2 border-b border-line bg-caution-soft px-3 py-2"
    >
      <div className="min-w-60 flex-1">
        <h2 className="font-semibold text-caution">{t("connection.refusedTitle")}</h2>
        <p>{t("connection.refusedText")}</p>
      </div>
      <Button onClick={() => tabs.active && downloadFile(files, tabs.active)}>
        {t("room.copyKept")}
      </Button>
      <Button onClick={() => setAsking(true)}>{t("connection.discard")}</Button>
      {asking && (
        <Suspense>
          <DiscardDialog onClose={() => setAsking(false)} />
        </Suspense>
      )}
    </section>
  );
}
