import { Copy, QrCode, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { encode } from "uqr";
import { useRoom } from "../collab";
import { type MessageKey, useT } from "../i18n";
import { Button, copyText, Dialog, Icon, Input, toast } from "../ui";
import { roomPath } from "./codes";

export interface InviteProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Names by which a computer means itself. */
const ONLY_HERE = new Set(["localhost", "127.0.0.1", "[::1]", "::1"]);

/** The room's links, to be sent to others. */
export default function Invite({ open, onOpenChange }: InviteProps) {
  const t = useT();
  const { links } = useRoom();
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={t("invite.title")}
      description={t("invite.text")}
      width="lg"
    >
      <div className="grid gap-5">
        {ONLY_HERE.has(window.location.hostname) && (
          <p className="flex gap-2 text-12 text-caution">
            <Icon of={TriangleAlert} size={14} className="mt-px" />
            {t("invite.onlyHere")}
          </p>
        )}
        {links.participant && (
          <LinkRow
            code={links.participant}
            name="invite.participant"
            hint="invite.participantText"
            ink
          />
        )}
        {links.observer && (
          <LinkRow
            code={links.observer}
            name="invite.observer"
            hint="invite.observerText"
            ink={!links.participant}
          />
        )}
      </div>
    </Dialog>
  );
}

interface LinkRowProps {
  code: string;
  name: MessageKey;
  hint: MessageKey;
  /** The one ink button of the dialog. */
  ink: boolean;
}

function LinkRow({ code, name, hint, ink }: LinkRowProps) {
  const t = useT();
  const [shown, setShown] = useState(false);
  const url = window.location.origin + roomPath(code);
  const copy = async () => {
    if (await copyText(url)) toast({ text: t("invite.copied"), icon: Copy });
    else toast({ text: t("invite.notCopied"), tone: "error" });
  };
  return (
    <section aria-label={t(name)}>
      <h3 className="font-medium">{t(name)}</h3>
      <p className="mb-1.5 text-12 text-text-3">{t(hint)}</p>
      <div className="flex items-center gap-2 phone:flex-wrap phone:justify-end">
        <Input
          readOnly
          value={url}
          aria-label={t(name)}
          dir="ltr"
          onFocus={(event) => event.target.select()}
          className="font-code text-12"
        />
        <Button
          variant={ink ? "ink" : "plain"}
          size="field"
          icon={Copy}
          onClick={() => void copy()}
        >
          {t("invite.copy")}
        </Button>
      </div>
      <Button
        variant="quiet"
        icon={QrCode}
        aria-expanded={shown}
        onClick={() => setShown(!shown)}
        className="mt-1.5 -ml-2.5"
      >
        {shown ? t("invite.hideQr") : t("invite.qr")}
      </Button>
      {shown && <Qr url={url} />}
    </section>
  );
}

/** Always dark on light: many cameras do not read it the other way round. */
function Qr({ url }: { url: string }) {
  const t = useT();
  const { data, size } = encode(url, { border: 2 });
  const dots = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")));
  return (
    <svg
      role="img"
      aria-label={t("invite.qrLabel")}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      className="mx-auto mt-2 block w-44 rounded-2 border border-line"
    >
      <path d={`M0 0h${size}v${size}H0z`} fill="#ffffff" />
      <path d={dots.join("")} fill="#000000" />
    </svg>
  );
}
