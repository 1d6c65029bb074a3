import { useParams, useSearch } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { useCommand } from '../commands/commands.ts';
import { cyclePanes, focusPane } from '../commands/panes.ts';
import { useDesk, useSession } from '../desk/desk-context.ts';
import { useHead, useOpenConversation } from '../desk/hooks.ts';
import { Composer } from '../features/composer/composer.tsx';
import { ContextPane } from '../features/context/context-pane.tsx';
import { BotsDown } from '../features/faults/bots-down.tsx';
import { returnWarning } from '../features/faults/fault-words.ts';
import { ConversationNotices } from '../features/faults/conversation-notices.tsx';
import { ConversationBar } from '../features/handoff-actions/conversation-bar.tsx';
import { LivePage } from '../features/live/live-page.tsx';
import { Thread } from '../features/thread/thread.tsx';
import styles from './watched.module.css';

/** The supervisor's board, with the desk's own thread, actions and composer beside it. */
export function LiveRoute() {
  const { client } = useParams({ from: '/$client/live' });
  const search = useSearch({ from: '/$client/live' });
  useCommand({ id: 'panes', title: 'Next pane', group: 'Go to', keys: 'F6', run: () => cyclePanes(1) });
  useCommand({
    id: 'panes-back',
    title: 'Previous pane',
    group: 'Go to',
    keys: 'Shift F6',
    hidden: true,
    run: () => cyclePanes(-1),
  });
  return (
    <LivePage
      client={client}
      search={search}
      notices={<BotsDown />}
      detail={(id, leave) => <Watched key={id} id={id} leave={leave} />}
    />
  );
}

function Watched({ id, leave }: { id: string; leave: () => void }) {
  const desk = useDesk();
  const [context, setContext] = useState(false);
  useOpenConversation(id);
  const head = useHead(id);
  const { bots } = useSession();
  const warning = returnWarning(bots.find((bot) => bot.id === head?.bot.id));
  useCommand({
    id: 'context',
    title: context ? 'Hide the context pane' : 'Show the context pane',
    group: 'Desk',
    keys: 'C',
    run: () => setContext(!context),
  });
  const resend = useCallback(
    (text: string) => {
      desk.drafts.set(id, { text, mode: 'note' });
      focusPane('composer');
    },
    [desk, id],
  );
  return (
    <div className={styles['watched']} data-context={context}>
      <main className={styles['main']}>
        <ConversationBar id={id} head={head} returnWarning={warning} onLeft={leave} onBack={leave} />
        <ConversationNotices id={id} head={head} />
        <div className={styles['work']}>
          <div className={styles['thread']} data-pane-root>
            <Thread id={id} onResend={resend} />
          </div>
          <Composer id={id} head={head} />
        </div>
      </main>
      {context && (
        <div className={styles['context']}>
          <ContextPane id={id} head={head} />
        </div>
      )}
    </div>
  );
}
