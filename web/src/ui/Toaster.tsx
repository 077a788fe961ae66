import { TriangleAlert, X } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useT } from "../i18n";
import { Button, IconButton } from "./Button";
import { Icon } from "./Icon";
import { dismiss, type ShownToast, toastStore } from "./toasts";

const VISIBLE_MS = 6000;

/** One toast at a time, bottom centre. `--toast-bottom` keeps it above inputs. */
export function Toaster() {
  const t = useT();
  const toast = useSyncExternalStore(toastStore.subscribe, toastStore.current);
  return (
    <section
      aria-label={t("ui.notices")}
      className="pointer-events-none fixed inset-x-2 bottom-[calc(var(--toast-bottom,16px)+8px)] z-(--z-toast) flex justify-center"
    >
      <div role="status" className="contents">
        {toast && toast.tone !== "error" && <ToastCard key={toast.id} toast={toast} />}
      </div>
      <div role="alert" className="contents">
        {toast?.tone === "error" && <ToastCard key={toast.id} toast={toast} />}
      </div>
    </section>
  );
}

/** Runs `expire` after six seconds without a pointer or the focus on the toast. */
function useExpiry(active: boolean, expire: () => void): void {
  useEffect(() => {
    if (!active) return;
    const timer = setTimeout(expire, VISIBLE_MS);
    return () => clearTimeout(timer);
  }, [active, expire]);
}

function ToastCard({ toast }: { toast: ShownToast }) {
  const t = useT();
  const [held, setHeld] = useState(false);
  const { id, text, icon, tone, action } = toast;
  const close = useCloser(id);
  useExpiry(tone !== "error" && !held, close);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: holding the toast open is not an action of its own
    <div
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      className="pointer-events-auto flex max-w-105 items-center gap-2.5 rounded-3 bg-raised py-2 pr-2 pl-3 shadow-2 transition-[opacity,translate] duration-(--d-base) starting:translate-y-2 starting:opacity-0"
    >
      {tone === "error" ? (
        <Icon of={TriangleAlert} className="text-danger" />
      ) : (
        icon && <Icon of={icon} />
      )}
      <span className="min-w-0 flex-1">{text}</span>
      {action && (
        <Button
          variant="quiet"
          onClick={() => {
            close();
            action.run();
          }}
        >
          {action.label}
        </Button>
      )}
      {tone === "error" && <IconButton label={t("ui.dismiss")} icon={X} onClick={close} />}
    </div>
  );
}

function useCloser(id: number): () => void {
  const [close] = useState(() => () => dismiss(id));
  return close;
}
