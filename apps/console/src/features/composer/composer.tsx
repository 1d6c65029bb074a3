import { Button } from '@fluentui/react-components';
import type { Log } from '@parley/client';
import type { Conversation } from '@parley/contracts';
import { useEffect, useId, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import { useCommand, useCommands } from '../../commands/commands.ts';
import { usePane } from '../../commands/panes.ts';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { useConversation, useQueue, useSelect } from '../../desk/hooks.ts';
import { usePreferences } from '../../preferences/use-preferences.ts';
import { Kbd } from '../../ui/kbd.tsx';
import { firstName, userName } from '../../words/people-words.ts';
import { sentence } from '../../words/sentence.ts';
import { fill, openVariable } from './canned.ts';
import { cleaned, sends, tooFresh, whyNotSend } from './sending.ts';
import { slashItems, SlashMenu, type SlashItem } from './slash-menu.tsx';
import { useArrival } from './use-arrival.ts';
import styles from './composer.module.css';

type Mode = 'reply' | 'note';

/** Where one conversation is answered or noted upon. Its text belongs to that conversation and goes nowhere else. */
export function Composer({ id, head }: { id: string; head: Conversation | undefined }) {
  const desk = useDesk();
  const { me, client, replies } = useSession();
  const { send } = usePreferences();
  const { abilities, log } = useConversation(id);
  const draft = useSelect(desk.drafts.items, (items) => items.get(id));
  const commands = useCommands();
  const queue = useQueue(
    head?.holder.state === 'assigned' || head?.holder.state === 'queued' ? head.holder.queue : undefined,
  );
  const pane = usePane('composer');
  const box = useRef<HTMLTextAreaElement>(null);
  const menuId = useId();
  const arrivedAt = useArrival(log);
  const saying = useRef(false);

  const holds = head?.holder.state === 'assigned' && head.holder.consultant.id === me.id;
  const mayReply = abilities === undefined ? holds : abilities.reply === 'yes';
  const [chosen, setChosen] = useState<Mode>();
  // What follows a slash looks for a reply or an action; it is not the draft.
  const [searching, setSearching] = useState<string>();
  const text = searching ?? draft?.text ?? '';
  const mode: Mode =
    (draft?.text ?? '') !== ''
      ? (draft?.mode ?? 'reply')
      : (chosen ?? (mayReply || head === undefined ? 'reply' : 'note'));
  const [asking, setAsking] = useState<'public' | 'new-message'>();
  const [active, setActive] = useState(0);

  const setText = (next: string, nextMode: Mode = mode) => {
    setSearching(undefined);
    desk.drafts.set(id, { text: next, mode: nextMode });
  };
  const menu = searching === undefined ? undefined : slashItems(searching.slice(1), replies, commands);
  const current = Math.min(active, (menu?.length ?? 1) - 1);
  const ability = mode === 'reply' ? abilities?.reply : abilities?.note;
  const forbidden =
    ability === undefined || ability === 'yes'
      ? undefined
      : sentence({ code: ability, holder: head?.holder }, desk.now());
  const why =
    searching !== undefined
      ? 'Choose a reply or an action.'
      : (forbidden ?? (log === undefined ? 'The conversation is still being fetched.' : whyNotSend(text, mode)));

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    element.style.height = 'auto';
    element.style.height = `${Math.min(element.scrollHeight + 2, 220)}px`;
  }, [text]);
  useEffect(() => {
    if (asking !== 'new-message') return undefined;
    const timer = setTimeout(() => setAsking(undefined), 6_000);
    return () => clearTimeout(timer);
  }, [asking]);

  function choose(next: Mode, sure = false) {
    if (next === mode) return box.current?.focus();
    if (next === 'reply' && text !== '' && searching === undefined && !sure) return setAsking('public');
    setAsking(undefined);
    setChosen(next);
    if (text !== '') setText(text, next);
    box.current?.focus();
  }

  function submit(sure = false) {
    if (why !== undefined || log === undefined || saying.current) return;
    if (!sure && mode === 'reply' && tooFresh(arrivedAt.current, performance.now())) return setAsking('new-message');
    // The box is emptied once the words are written down: at no moment are they in neither.
    saying.current = true;
    void desk.say({ conversation: id, kind: mode, text: cleaned(text), epoch: log.head.epoch }).finally(() => {
      saying.current = false;
    });
    setAsking(undefined);
    box.current?.focus();
  }

  function pick(item: SlashItem | undefined) {
    if (item === undefined || item.why !== undefined) return;
    if ('command' in item) {
      setText('');
      setTimeout(() => item.command.run());
      return;
    }
    const filled = fill(item.reply.text, {
      user: head && userName(head.user),
      me: me.name,
      client: client.name,
      queue: queue?.name,
    });
    setText(filled);
    const open = openVariable(filled);
    requestAnimationFrame(() => {
      box.current?.focus();
      box.current?.setSelectionRange(open?.start ?? filled.length, open?.end ?? filled.length);
    });
  }

  function press(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (menu !== undefined) {
      const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
      if (step !== 0 && menu.length > 0) setActive((current + step + menu.length) % menu.length);
      else if (event.key === 'Enter' || event.key === 'Tab') pick(menu[current]);
      else if (event.key === 'Escape') setText(text);
      else return;
      event.preventDefault();
      return;
    }
    if (sends({ ...pickKeys(event), isComposing: event.nativeEvent.isComposing }, send)) {
      event.preventDefault();
      submit(asking === 'new-message');
    } else if (event.key === 'Escape') {
      if (asking !== undefined) setAsking(undefined);
      else box.current?.blur();
    }
  }

  useCommand({
    id: 'reply',
    title: 'Reply',
    group: 'Conversation',
    keys: 'R',
    why: mayReply ? undefined : sentence({ code: abilities?.reply ?? 'not-holder', holder: head?.holder }),
    run: () => choose('reply'),
  });
  useCommand({
    id: 'note',
    title: 'Write a note',
    group: 'Conversation',
    keys: 'N',
    slash: true,
    run: () => choose('note'),
  });

  const user = head === undefined ? 'the user' : firstName(userName(head.user));
  return (
    <section className={styles['composer']} data-mode={mode} aria-label="Composer" data-pane-root>
      <Pinned head={head} log={log} />
      <div className={styles['tabs']} role="tablist" aria-label="What you write">
        <button
          type="button"
          role="tab"
          aria-selected={mode === 'reply'}
          aria-controls={`${menuId}-box`}
          onClick={() => choose('reply')}
        >
          Reply to {user}
        </button>
        <button
          type="button"
          role="tab"
          aria-selected={mode === 'note'}
          aria-controls={`${menuId}-box`}
          onClick={() => choose('note')}
        >
          Note
        </button>
        <Owner head={head} me={me.id} />
      </div>
      {menu !== undefined && <SlashMenu id={menuId} items={menu} active={current} onPick={pick} onPoint={setActive} />}
      <textarea
        id={`${menuId}-box`}
        ref={(element) => {
          box.current = element;
          return pane(element);
        }}
        className={styles['box']}
        rows={2}
        value={text}
        placeholder={mode === 'note' ? 'Only the desk sees this' : mayReply ? `Write to ${user}` : forbidden}
        aria-label={mode === 'note' ? 'Note for the desk' : `Reply to ${user}`}
        aria-autocomplete="list"
        aria-controls={menu === undefined ? undefined : menuId}
        aria-activedescendant={menu === undefined || menu.length === 0 ? undefined : `${menuId}-${current}`}
        aria-describedby={`${menuId}-why`}
        spellCheck
        onChange={(event) => {
          const { value } = event.target;
          if (value === '/' || (searching !== undefined && /^\/[^\n]*$/.test(value))) {
            if (draft !== undefined) setText('');
            setSearching(value);
            setActive(0);
            return;
          }
          setText(value);
          if (mode === 'reply' && mayReply) desk.typing(id);
        }}
        onKeyDown={press}
      />
      {asking === 'public' && (
        <div className={styles['ask']} role="alert">
          <span>{user} would see this note.</span>
          <Button size="small" onClick={() => choose('reply', true)}>
            Make it a reply
          </Button>
          <Button size="small" appearance="subtle" autoFocus onClick={() => setAsking(undefined)}>
            Keep it a note
          </Button>
        </div>
      )}
      {asking === 'new-message' && (
        <div className={styles['ask']} role="alert">
          <span>A new message came in just now. Read it, then send again.</span>
          <Button size="small" onClick={() => submit(true)}>
            Send anyway
          </Button>
        </div>
      )}
      <div className={styles['foot']}>
        <span className={styles['hint']}>
          <Kbd>/</Kbd> replies, transfer, note, bot
        </span>
        <span aria-live="off">
          {draft === undefined || text === '' || searching !== undefined
            ? ''
            : draft.state === 'saved'
              ? 'Draft saved'
              : draft.state === 'saving'
                ? 'Saving draft…'
                : 'Draft kept here'}
        </span>
        <span id={`${menuId}-why`} className={styles['why']} title={why}>
          {text !== '' || forbidden !== undefined ? why : undefined}
        </span>
        <span className={styles['sendKey']}>{send === 'enter' ? 'Enter sends' : 'Ctrl Enter sends'}</span>
        <Button
          appearance="primary"
          className={styles['send'] ?? ''}
          disabledFocusable={why !== undefined}
          title={why ?? ''}
          onClick={() => submit(asking === 'new-message')}
        >
          {mode === 'reply' ? 'Send reply' : 'Add note'}
        </Button>
      </div>
    </section>
  );
}

/** What the giver of the conversation wanted its receiver to know. */
function Pinned({ head, log }: { head: Conversation | undefined; log: Log | undefined }) {
  const holder = head?.holder;
  const giver = log?.entries.findLast((entry) => entry.kind === 'transferred')?.by;
  if (
    holder === undefined ||
    (holder.state !== 'assigned' && holder.state !== 'queued') ||
    holder.comment === undefined
  )
    return null;
  return (
    <p className={styles['pinned']}>
      <b>{giver?.type === 'person' ? `${giver.name} handed this over` : 'Handed over'}:</b> {holder.comment}
    </p>
  );
}

function Owner({ head, me }: { head: Conversation | undefined; me: string }) {
  if (head === undefined) return null;
  const { holder } = head;
  const words =
    holder.state === 'assigned'
      ? holder.consultant.id === me
        ? 'You hold this'
        : `${holder.consultant.name} holds this`
      : holder.state === 'queued'
        ? 'Nobody holds this yet'
        : holder.state === 'with-bot'
          ? `${head.bot.name} holds this`
          : 'Closed';
  return <span className={styles['owner']}>{words}</span>;
}

function pickKeys({ key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent) {
  return { key, shiftKey, ctrlKey, metaKey, altKey };
}
