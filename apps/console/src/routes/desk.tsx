import { useNavigate, useParams } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { useCommand } from '../commands/commands.ts';
import { cyclePanes, focusPane } from '../commands/panes.ts';
import { useDesk, useSession } from '../desk/desk-context.ts';
import { useHead, useMedia, useOpenConversation } from '../desk/hooks.ts';
import { Composer } from '../features/composer/composer.tsx';
import { ContextPane } from '../features/context/context-pane.tsx';
import { DeskList } from '../features/desk-list/desk-list.tsx';
import { returnWarning } from '../features/faults/fault-words.ts';
import { ConversationNotices } from '../features/faults/conversation-notices.tsx';
import { ConversationBar } from '../features/handoff-actions/conversation-bar.tsx';
import { Thread } from '../features/thread/thread.tsx';
import { setPreference } from '../preferences/preferences.ts';
import { usePreferences } from '../preferences/use-preferences.ts';
import styles from './desk.module.css';

/** The work place: list, thread with composer, context. On a narrow screen one of them at a time. */
export function DeskPage() {
  const { client, conversation } = useParams({ strict: false });
  const { can, me } = useSession();
  const { contextPane } = usePreferences();
  // Where there is no room for it, the context pane is a place one goes to, not a preference.
  const narrow = useMedia('(max-width: 1180px)');
  // With one pane at a time the list is all there is until a conversation is opened.
  const single = useMedia('(max-width: 720px)');
  const [visited, setVisited] = useState<string>();
  const context = narrow ? visited === conversation : contextPane;
  useCommand({ id: 'panes', title: 'Next pane', group: 'Go to', keys: 'F6', run: () => cyclePanes(1) });
  useCommand({
    id: 'panes-back',
    title: 'Previous pane',
    group: 'Go to',
    keys: 'Shift F6',
    hidden: true,
    run: () => cyclePanes(-1),
  });
  useCommand({
    id: 'context',
    title: context ? 'Hide the context pane' : 'Show the context pane',
    group: 'Desk',
    keys: 'C',
    why: conversation === undefined ? 'No conversation is open.' : undefined,
    run: () => (narrow ? setVisited(context ? undefined : conversation) : setPreference('contextPane', !contextPane)),
  });
  if (!can.consult) {
    return (
      <main className={styles['empty']}>
        <p>Conversations are for consultants and supervisors; your role at this desk is {me.roles.join(', ')}.</p>
      </main>
    );
  }
  return (
    <div className={styles['desk']} data-open={conversation !== undefined} data-context={context}>
      <div className={styles['list']} role={single && conversation === undefined ? 'main' : undefined}>
        <DeskList client={client ?? ''} current={conversation} />
      </div>
      {conversation === undefined ? (
        <main className={styles['empty']}>
          <p>Choose a conversation, or accept the next with A.</p>
          <p className={styles['hint']}>? shows all keys</p>
        </main>
      ) : (
        <ConversationPanes key={conversation} id={conversation} client={client ?? ''} context={context} />
      )}
    </div>
  );
}

function ConversationPanes({ id, client, context }: { id: string; client: string; context: boolean }) {
  const desk = useDesk();
  const navigate = useNavigate();
  useOpenConversation(id);
  const head = useHead(id);
  const { bots } = useSession();
  const warning = returnWarning(bots.find((bot) => bot.id === head?.bot.id));
  const resend = useCallback(
    (text: string) => {
      const draft = desk.drafts.items.getSnapshot().get(id)?.text ?? '';
      desk.drafts.set(id, { text: draft === '' ? text : `${draft}\n${text}`, mode: 'reply' });
      focusPane('composer');
    },
    [desk, id],
  );
  const left = useCallback(() => void navigate({ to: '/$client', params: { client } }), [navigate, client]);
  return (
    <>
      <main className={styles['main']}>
        <ConversationBar id={id} head={head} returnWarning={warning} onLeft={left} />
        <ConversationNotices id={id} head={head} />
        <div className={styles['thread']} data-pane-root>
          <Thread id={id} onResend={resend} />
        </div>
        <Composer id={id} head={head} />
      </main>
      {context && (
        <div className={styles['context']}>
          <ContextPane id={id} head={head} />
        </div>
      )}
    </>
  );
}
