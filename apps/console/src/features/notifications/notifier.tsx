import type { Conversation } from '@parley/contracts';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useRef } from 'react';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { useReadable, useView } from '../../desk/hooks.ts';
import { usePreferences } from '../../preferences/use-preferences.ts';
import { userName } from '../../words/people-words.ts';
import { attention, signals, titleOf } from './attention.ts';
import { beep, soundState } from '../../ui/beep.ts';
import { useNotices } from '../../ui/notices.tsx';

/** Sound, desktop notification and title badge, by the matrix in attention.ts. Renders nothing. */
export function Notifier({ client }: { client: string }) {
  const desk = useDesk();
  const { me, client: known } = useSession();
  const { sound, desktop } = usePreferences();
  const { items } = useView('waiting');
  const unread = useReadable(desk.unread);
  const navigate = useNavigate();
  const offers = useMemo(
    () => items.filter(({ holder }) => holder.state === 'queued' && holder.offer?.to.id === me.id),
    [items, me.id],
  );
  const notify = useNotices();
  const warned = useRef(false);
  const total = [...unread.values()].reduce((sum, count) => sum + count, 0);

  useEffect(() => {
    document.title = titleOf(known.name, offers.length, total);
    return () => {
      document.title = 'Parley';
    };
  }, [known.name, offers.length, total]);

  function tell(event: 'offer' | 'message', head: Conversation) {
    const decided = signals(event, attention(document.visibilityState === 'visible', document.hasFocus()));
    if (decided.sound && sound) {
      if (soundState() === 'blocked' && !warned.current) {
        warned.current = true;
        notify({ tone: 'info', text: 'The browser keeps this page silent until you click in it.' });
      }
      beep(event);
    }
    if (!decided.desktop || !desktop || typeof Notification === 'undefined' || Notification.permission !== 'granted')
      return;
    const title = event === 'offer' ? `Offer: ${userName(head.user)}` : userName(head.user);
    const note = new Notification(title, {
      body: event === 'offer' ? (head.handoff?.reason ?? '') : 'wrote a new message',
      tag: `${event} ${head.id}`,
      icon: '/icon.svg',
    });
    note.addEventListener('click', () => {
      window.focus();
      void navigate({ to: '/$client/c/$conversation', params: { client, conversation: head.id } });
      note.close();
    });
  }

  useNew(
    offers.map(({ id }) => id),
    (id) => {
      const head = offers.find((offer) => offer.id === id);
      if (head !== undefined) tell('offer', head);
    },
  );
  useRisen(unread, (id) => {
    const head = desk.lists.state.getSnapshot().heads.get(id);
    if (head !== undefined) tell('message', head);
  });
  return null;
}

/** Calls for every id that was not there the last time. */
function useNew(ids: readonly string[], onNew: (id: string) => void): void {
  const before = useRef<ReadonlySet<string>>(new Set());
  useEffect(() => {
    for (const id of ids) if (!before.current.has(id)) onNew(id);
    before.current = new Set(ids);
  });
}

/** Calls for every count that is higher than the last time. */
function useRisen(counts: ReadonlyMap<string, number>, onRise: (id: string) => void): void {
  const before = useRef(counts);
  useEffect(() => {
    for (const [id, count] of counts) if (before.current.has(id) && count > (before.current.get(id) ?? 0)) onRise(id);
    before.current = counts;
  });
}
