import { FluentProvider } from '@fluentui/react-components';
import {
  ChatMultipleFilled,
  ChatMultipleRegular,
  DocumentSearchRegular,
  EyeRegular,
  SettingsRegular,
} from '@fluentui/react-icons';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { Outlet, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useCommand } from '../commands/commands.ts';
import { useKeys } from '../commands/keys.ts';
import { useDesk, useSession } from '../desk/desk-context.ts';
import { useReadable } from '../desk/hooks.ts';
import { CommandMenu } from '../features/command-menu/command-menu.tsx';
import { ShortcutSheet } from '../features/command-menu/shortcut-sheet.tsx';
import { ConnectionChip } from '../features/connection/connection-chip.tsx';
import { RequeuedBanner } from '../features/faults/requeued-banner.tsx';
import { Notifier } from '../features/notifications/notifier.tsx';
import { PresenceMenu } from '../features/presence/presence-menu.tsx';
import { PresenceReason } from '../features/presence/presence-reason.tsx';
import { KeepingBanner } from '../features/session/keeping-banner.tsx';
import { MeMenu } from '../features/session/me-menu.tsx';
import { RenewalBanner } from '../features/session/renewal-banner.tsx';
import { SessionGate } from '../features/session/session-gate.tsx';
import type { Tokens } from '../features/session/sign-in.ts';
import { Shell, type Place } from '../features/shell/shell.tsx';
import { useThemeMode } from '../preferences/use-preferences.ts';
import { fluentTheme } from '../theme/fluent-theme.ts';
import { Notices } from '../ui/notices.tsx';

const themes = { light: fluentTheme('light'), dark: fluentTheme('dark') };

/** Everything at `/{client}`: sign-in, the desk's client, and the frame around its pages. */
export function ClientPage() {
  const { client } = useParams({ from: '/$client' });
  const mode = useThemeMode();
  const [queries] = useState(
    () => new QueryClient({ defaultOptions: { queries: { staleTime: 15_000, refetchOnWindowFocus: true } } }),
  );
  return (
    <QueryClientProvider client={queries}>
      <FluentProvider theme={themes[mode]} style={{ height: '100%', background: 'transparent' }}>
        <SessionGate client={client}>
          {(tokens) => (
            <Notices>
              <Frame client={client} tokens={tokens} />
            </Notices>
          )}
        </SessionGate>
      </FluentProvider>
    </QueryClientProvider>
  );
}

function Frame({ client, tokens }: { client: string; tokens: Tokens }) {
  const { client: known, can } = useSession();
  const navigate = useNavigate();
  const unread = useReadable(useDesk().unread);
  const params = { client };
  useKeys();
  useCommand({ id: 'go-desk', title: 'Desk', group: 'Go to', run: () => void navigate({ to: '/$client', params }) });
  useCommand(
    can.supervise
      ? {
          id: 'go-live',
          title: 'Live conversations',
          group: 'Go to',
          run: () => void navigate({ to: '/$client/live', params }),
        }
      : undefined,
  );
  useCommand(
    can.supervise
      ? {
          id: 'go-transcripts',
          title: 'Transcripts',
          group: 'Go to',
          run: () => void navigate({ to: '/$client/transcripts', params }),
        }
      : undefined,
  );
  useCommand({
    id: 'go-settings',
    title: 'Settings',
    group: 'Go to',
    run: () => void navigate({ to: '/$client/settings', params }),
  });

  const total = [...unread.values()].reduce((sum, count) => sum + count, 0);
  const places: Place[] = [
    { to: '/$client', name: 'Desk', icon: total > 0 ? <ChatMultipleFilled /> : <ChatMultipleRegular />, count: total },
    ...(can.supervise
      ? ([
          { to: '/$client/live', name: 'Live', icon: <EyeRegular /> },
          { to: '/$client/transcripts', name: 'Transcripts', icon: <DocumentSearchRegular /> },
        ] as const)
      : []),
    { to: '/$client/settings', name: 'Settings', icon: <SettingsRegular /> },
  ];

  return (
    <>
      <Shell
        client={client}
        clientName={known.name}
        places={places}
        header={
          <>
            <ConnectionChip signInNeeded={tokens.needed} />
            <PresenceMenu />
            <CommandMenu />
            <MeMenu />
          </>
        }
        banners={
          <>
            <RenewalBanner tokens={tokens} />
            <KeepingBanner />
            <PresenceReason />
            <RequeuedBanner />
          </>
        }
      >
        <Outlet />
      </Shell>
      <ShortcutSheet />
      <Notifier client={client} />
    </>
  );
}
