import { useOpenRoom } from "../collab";
import { useT } from "../i18n";
import { Button, Dialog } from "../ui";

export default function DiscardDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const { connection } = useOpenRoom();
  const discard = () => void connection.discard().then(() => location.reload());
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t("connection.discardTitle")}
      description={t("connection.discardText")}
      footer={
        <>
          <Button variant="quiet" onClick={onClose}>
            {t("connection.keepThem")}
          </Button>
          <Button variant="danger-ink" onClick={discard}>
            {t("connection.discard")}
          </Button>
        </>
      }
    />
  );
}
