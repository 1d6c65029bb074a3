import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components';
import { ArrowDownloadRegular, ArrowLeftRegular, PanelRightRegular } from '@fluentui/react-icons';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { useCommand } from '../../commands/commands.ts';
import { useSession } from '../../desk/desk-context.ts';
import { useHead, useMedia, useOpenConversation } from '../../desk/hooks.ts';
import { userName } from '../../words/people-words.ts';
import { sentence } from '../../words/sentence.ts';
import { episodesOf, latestEpisode, type Episode } from './episodes.ts';
import { exportFormats, useExport } from './use-export.ts';
import { TranscriptFacts } from './transcript-facts.tsx';
import { standing } from './transcript-words.ts';
import styles from './transcript-view.module.css';

/** Shows the lines of a conversation and goes to an entry when told. */
export type ThreadSlot = (id: string, jump: { seq: number } | undefined) => ReactNode;

/** One conversation as it was kept: its lines, what is known of it, and ways to take it along. */
export function TranscriptView({ id, thread, onBack }: { id: string; thread: ThreadSlot; onBack: () => void }) {
  const { queues, outcomes } = useSession();
  const { log, abilities } = useOpenConversation(id);
  const head = useHead(id);
  const narrow = useMedia('(max-width: 1080px)');
  const [facts, setFacts] = useState(!narrow);
  useEffect(() => setFacts(!narrow), [narrow]);
  const [jump, setJump] = useState<{ seq: number }>();
  const { save, saving } = useExport(id);

  const episodes = useMemo(
    () => known(log?.entries === undefined ? [] : episodesOf(log.entries), head && latestEpisode(head)),
    [log?.entries, head],
  );
  const latest = episodes.at(-1);
  const goTo = (seq: number) => {
    setJump({ seq });
    if (narrow) setFacts(false);
  };
  const noHandoff = latest === undefined ? 'Nobody was asked for here.' : undefined;
  const whyNoExport =
    abilities === undefined || abilities.export === 'yes' ? undefined : sentence({ code: abilities.export });
  useCommand({
    id: 'jump-handoff',
    title: 'Go to the handoff',
    group: 'Conversation',
    keys: 'H',
    why: noHandoff,
    run: () => latest && goTo(latest.seq),
  });
  useCommand({
    id: 'context',
    title: facts ? 'Hide the details' : 'Show the details',
    group: 'Desk',
    keys: 'C',
    run: () => setFacts(!facts),
  });

  return (
    <div className={styles['view']} data-facts={facts}>
      <main className={styles['main']}>
        <div className={styles['bar']}>
          <button type="button" className={styles['back']} aria-label="Back to the results" onClick={onBack}>
            <ArrowLeftRegular />
          </button>
          <div className={styles['who']}>
            <h1>{head === undefined ? '…' : userName(head.user)}</h1>
            {head !== undefined && <small>{standing(head, { queues, outcomes })}</small>}
          </div>
          {latest !== undefined && (
            <Button className={styles['jump'] ?? ''} onClick={() => goTo(latest.seq)} title="Go to the handoff (H)">
              Go to handoff
            </Button>
          )}
          <Menu positioning="below-end">
            <MenuTrigger disableButtonEnhancement>
              <Button
                icon={<ArrowDownloadRegular />}
                disabledFocusable={saving || whyNoExport !== undefined}
                title={whyNoExport ?? 'Save as a file; recorded like a reading'}
              >
                {saving ? 'Saving…' : 'Export'}
              </Button>
            </MenuTrigger>
            <MenuPopover>
              <MenuList>
                {exportFormats.map(({ format, name }) => (
                  <MenuItem key={format} onClick={() => void save(format)}>
                    {name}
                  </MenuItem>
                ))}
              </MenuList>
            </MenuPopover>
          </Menu>
          <Button
            appearance="subtle"
            className={styles['toggle'] ?? ''}
            icon={<PanelRightRegular />}
            aria-label="Details"
            aria-pressed={facts}
            title="Details (C)"
            onClick={() => setFacts(!facts)}
          />
        </div>
        <div className={styles['thread']} data-pane-root>
          {thread(id, jump)}
        </div>
      </main>
      {facts && (
        <div className={styles['facts']}>
          <TranscriptFacts
            id={id}
            head={head}
            episodes={episodes}
            whole={log !== undefined && log.entries[0]?.seq === 1}
            onJump={goTo}
          />
        </div>
      )}
    </div>
  );
}

/** The handoffs among the lines that are here, and the latest one even if its lines are not. */
function known(found: Episode[], latest: Episode | undefined): Episode[] {
  if (latest === undefined) return found;
  const last = found.at(-1);
  return last !== undefined && last.seq >= latest.seq ? found : [...found, latest];
}
