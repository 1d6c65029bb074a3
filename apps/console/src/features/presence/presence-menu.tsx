import { Menu, MenuItemRadio, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components';
import type { PresenceState } from '@parley/contracts';
import { useState } from 'react';
import { useCommand } from '../../commands/commands.ts';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { useNotices } from '../../ui/notices.tsx';
import { HeaderChip } from '../../ui/header-chip.tsx';
import { PresenceDot } from '../../ui/presence-dot.tsx';
import { sentence } from '../../words/sentence.ts';
import { asDeskError } from '@parley/client';
import styles from './presence-menu.module.css';

export const presenceNames: Record<PresenceState, string> = {
  available: 'Available',
  away: 'Away',
  offline: 'Offline',
};

const meanings: Record<PresenceState, string> = {
  available: 'Conversations are offered to you',
  away: 'You keep yours; nothing new is offered',
  offline: 'You have left the desk',
};

/** One state for all tabs and devices; when the desk changed it by itself, it says why and offers the way back. */
export function PresenceMenu() {
  const desk = useDesk();
  const { presence, can } = useSession();
  const notify = useNotices();
  const [busy, setBusy] = useState(false);

  async function choose(state: PresenceState) {
    setBusy(true);
    try {
      await desk.setPresence(state);
    } catch (thrown) {
      notify({ tone: 'bad', text: `You are still ${presenceNames[presence.state]}. ${sentence(asDeskError(thrown))}` });
    } finally {
      setBusy(false);
    }
  }

  const other = presence.state === 'available' ? 'away' : 'available';
  useCommand(
    can.consult
      ? { id: 'presence', title: `Go ${presenceNames[other]}`, group: 'You', run: () => void choose(other) }
      : undefined,
  );
  if (!can.consult) return null;

  const label = `${presenceNames[presence.state]} · ${presence.load} of ${presence.capacity}`;
  return (
    <Menu
      positioning="below-end"
      checkedValues={{ presence: [presence.state] }}
      onCheckedValueChange={(_, { checkedItems }) => void choose(checkedItems[0] as PresenceState)}
    >
      <MenuTrigger disableButtonEnhancement>
        <HeaderChip
          aria-busy={busy}
          title={`You are ${presenceNames[presence.state]} and hold ${presence.load} of ${presence.capacity} conversations`}
        >
          <span className="visually-hidden">You: </span>
          <PresenceDot state={presence.state} />
          <span className={styles['long']}>{label}</span>
          <span className={styles['brief']}>
            {presence.load}/{presence.capacity}
          </span>
        </HeaderChip>
      </MenuTrigger>
      <MenuPopover>
        {presence.reason !== undefined && (
          <p className={styles['reason']}>
            The desk set you {presenceNames[presence.state]}: {presence.reason}
          </p>
        )}
        <MenuList>
          {(Object.keys(presenceNames) as PresenceState[]).map((state) => (
            <MenuItemRadio key={state} name="presence" value={state} subText={meanings[state]}>
              {presenceNames[state]}
            </MenuItemRadio>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
