import {
  Toast,
  ToastBody,
  Toaster,
  ToastTitle,
  ToastTrigger,
  Link,
  useId,
  useToastController,
} from '@fluentui/react-components';
import { createContext, use, useCallback, type ReactNode } from 'react';

export interface Notice {
  tone: 'good' | 'info' | 'bad';
  text: string;
  more?: string;
  action?: { label: string; run(): void };
}

const NoticesContext = createContext<(notice: Notice) => void>(() => undefined);

/** Shows short messages that go away by themselves; failures stay until closed. */
export function useNotices(): (notice: Notice) => void {
  return use(NoticesContext);
}

export function Notices({ children }: { children: ReactNode }) {
  const toaster = useId('notices');
  const { dispatchToast } = useToastController(toaster);
  const notify = useCallback(
    ({ tone, text, more, action }: Notice) => {
      const link =
        action === undefined ? undefined : (
          <ToastTrigger>
            <Link onClick={action.run}>{action.label}</Link>
          </ToastTrigger>
        );
      const close = (
        <ToastTrigger>
          <Link>Close</Link>
        </ToastTrigger>
      );
      dispatchToast(
        <Toast>
          <ToastTitle action={link ?? (tone === 'bad' ? close : null)}>{text}</ToastTitle>
          {more !== undefined && <ToastBody>{more}</ToastBody>}
        </Toast>,
        {
          intent: tone === 'good' ? 'success' : tone === 'bad' ? 'error' : 'info',
          timeout: tone === 'bad' ? 12_000 : 5_000,
          pauseOnHover: true,
          politeness: tone === 'bad' ? 'assertive' : 'polite',
        },
      );
    },
    [dispatchToast],
  );
  return (
    <NoticesContext value={notify}>
      {children}
      {/* Under the header at the right: it covers neither the thread nor the composer. */}
      <Toaster toasterId={toaster} position="top-end" offset={{ vertical: 52, horizontal: 14 }} limit={3} />
    </NoticesContext>
  );
}
