import { Button, Tooltip } from '@fluentui/react-components';
import { ArrowLeftRegular, PanelRightRegular } from '@fluentui/react-icons';
import type { AbilityName, Conversation } from '@parley/contracts';
import { useParams, Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useCommand, useRunCommand } from '../../commands/commands.ts';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { useConversation, useNow, useQueue } from '../../desk/hooks.ts';
import { useClaim } from '../../desk/use-claim.ts';
import { DueChip } from '../../ui/due-chip.tsx';
import { channelName, userName } from '../../words/people-words.ts';
import { sentence } from '../../words/sentence.ts';
import { span } from '../../words/time-words.ts';
import { ClosePanel, ReturnPanel, TransferPanel } from './panels.tsx';
import styles from './conversation-bar.module.css';

type PanelName = 'transfer' | 'return' | 'close';

const actions: { panel: PanelName; label: string; title: string; keys: string }[] = [
  { panel: 'transfer', label: 'Transfer', title: 'Transfer', keys: 'T' },
  { panel: 'return', label: 'Back to bot', title: 'Give back to the bot', keys: 'B' },
  { panel: 'close', label: 'Close', title: 'Close the conversation', keys: 'E' },
];

interface BarProps {
  id: string;
  head: Conversation | undefined;
  /** The conversation has left my hands. */
  onLeft: () => void;
  /** What to know before it is given back to the bot. */
  returnWarning?: string | undefined;
  /** Where the arrow of a narrow screen leads; the desk's list unless told. */
  onBack?: () => void;
}

/** Who this is, how urgent, and what can be done with the conversation; panels open below and push the thread down. */
export function ConversationBar({ id, head, onLeft, returnWarning, onBack }: BarProps) {
  const desk = useDesk();
  const { abilities } = useConversation(id);
  const { claim, claiming } = useClaim();
  const run = useRunCommand();
  const { client = '' } = useParams({ strict: false });
  const [panel, setPanel] = useState<PanelName>();
  const opener = useRef<HTMLElement>(null);
  useEffect(() => setPanel(undefined), [id]);

  const whyNot = (name: AbilityName) => {
    const answer = abilities?.[name];
    if (answer === undefined) return 'The conversation is still being fetched.';
    return answer === 'yes' ? undefined : sentence({ code: answer, holder: head?.holder }, desk.now());
  };
  const toggle = (name: PanelName) => {
    opener.current = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    setPanel((open) => (open === name ? undefined : name));
  };
  useCommand({
    id: 'transfer',
    title: 'Transfer',
    group: 'Conversation',
    keys: 'T',
    slash: true,
    why: whyNot('transfer'),
    run: () => toggle('transfer'),
  });
  useCommand({
    id: 'return',
    title: 'Give back to the bot',
    group: 'Conversation',
    keys: 'B',
    slash: true,
    why: whyNot('return'),
    run: () => toggle('return'),
  });
  useCommand({
    id: 'close',
    title: 'Close the conversation',
    group: 'Conversation',
    keys: 'E',
    slash: true,
    why: whyNot('close'),
    run: () => toggle('close'),
  });

  const dismiss = () => {
    setPanel(undefined);
    opener.current?.focus();
  };
  const done = () => {
    setPanel(undefined);
    onLeft();
  };
  const claimable = head?.holder.state === 'queued' || abilities?.claim === 'yes';
  const whyNotClaim = whyNot('claim');

  return (
    <>
      <div className={styles['bar']}>
        {onBack === undefined ? (
          <Link to="/$client" params={{ client }} className={styles['back']} aria-label="Back to the list">
            <ArrowLeftRegular />
          </Link>
        ) : (
          <button type="button" className={styles['back']} aria-label="Back to the list" onClick={onBack}>
            <ArrowLeftRegular />
          </button>
        )}
        <div className={styles['who']}>
          <h1>{head === undefined ? '…' : userName(head.user)}</h1>
          {head !== undefined && <Where head={head} />}
        </div>
        {head !== undefined && <DueChip head={head} />}
        <div className={styles['actions']}>
          {claimable && (
            <Action
              label={claiming === id ? 'Accepting…' : head?.holder.state === 'with-bot' ? 'Take over' : 'Accept'}
              keys="A"
              why={whyNotClaim}
              primary
              onClick={() => void claim(id)}
            />
          )}
          {(head?.holder.state === 'assigned' || head?.holder.state === 'queued') &&
            actions.map(({ panel: name, label, keys }) => (
              <Action
                key={name}
                label={label}
                keys={keys}
                why={whyNot(name)}
                open={panel === name}
                onClick={() => toggle(name)}
              />
            ))}
        </div>
        <Button
          appearance="subtle"
          className={styles['context'] ?? ''}
          icon={<PanelRightRegular />}
          aria-label="Context pane"
          title="Context pane (C)"
          onClick={() => run('context')}
        />
      </div>
      {panel !== undefined && head !== undefined && (
        <div className={styles['panel']} onKeyDown={(event) => event.key === 'Escape' && dismiss()}>
          {panel === 'transfer' && <TransferPanel head={head} onCancel={dismiss} onDone={done} />}
          {panel === 'return' && <ReturnPanel head={head} warning={returnWarning} onCancel={dismiss} onDone={done} />}
          {panel === 'close' && <ClosePanel head={head} onCancel={dismiss} onDone={done} />}
        </div>
      )}
    </>
  );
}

function Action({
  label,
  keys,
  why,
  open,
  primary,
  onClick,
}: {
  label: string;
  keys: string;
  why: string | undefined;
  open?: boolean;
  primary?: boolean;
  onClick: () => void;
}) {
  return (
    <Tooltip content={why ?? `${label} (${keys})`} relationship="description" withArrow>
      <Button
        className={styles['action'] ?? ''}
        appearance={primary === true ? 'primary' : 'secondary'}
        disabledFocusable={why !== undefined}
        aria-expanded={open}
        onClick={onClick}
      >
        {label}
      </Button>
    </Tooltip>
  );
}

function Where({ head }: { head: Conversation }) {
  const { me } = useSession();
  const now = useNow();
  const { holder } = head;
  const queue = useQueue(holder.state === 'queued' || holder.state === 'assigned' ? holder.queue : undefined);
  const parts = [queue?.name ?? channelName(head.channel)];
  if (holder.state === 'assigned')
    parts.push(`with ${holder.consultant.id === me.id ? 'you' : holder.consultant.name} ${span(now - holder.since)}`);
  if (holder.state === 'queued') parts.push(`waiting ${span(now - holder.since)}`);
  if (holder.state === 'queued' && holder.offer !== undefined)
    parts.push(`offered to ${holder.offer.to.id === me.id ? 'you' : holder.offer.to.name}`);
  if (holder.state === 'with-bot') parts.push(`with ${head.bot.name}`);
  if (holder.state === 'closed') parts.push('closed');
  return <small>{parts.join(' · ')}</small>;
}
