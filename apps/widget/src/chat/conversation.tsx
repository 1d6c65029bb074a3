import { Components, createStore, hooks } from 'botframework-webchat';
import type { ReactNode } from 'react';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { isConsultants, noteOf } from '../line/activity.ts';
import type { Activity } from '../line/activity.ts';
import type { FrameOptions } from '../protocol.ts';
import { Avatar } from './avatar.tsx';
import type { Chat } from './chat.ts';
import { focusLateField } from './field.ts';
import { statusOf } from './floor.ts';
import { isDark, onDarkChange } from './theme.ts';
import { webChatConnection } from './web-chat-connection.ts';
import { styleOptionsOf } from './web-chat-style.ts';
import type { Words } from './words.ts';

const { AccessKeySinkSurface, BasicSendBox, BasicTranscript, Composer } = Components;

/** The transcript and the field to write in: Web Chat, on our line, in our colours, with the consultants' names. */
export function Conversation({
  chat,
  options,
  words,
  isClosed,
}: {
  chat: Chat;
  options: FrameOptions;
  words: Words;
  isClosed: boolean;
}) {
  const dark = useSyncExternalStore(onDarkChange, () => isDark(options));
  const styleOptions = useMemo(
    () => ({ ...styleOptionsOf(options.color, dark), hideSendBox: isClosed }),
    [options.color, dark, isClosed],
  );
  const connection = useMemo(() => webChatConnection(chat.line(), chat.tokens().peek()?.token ?? ''), [chat]);
  const store = useMemo(() => createStore(), []);
  const middleware = useMemo(() => middlewareFor(words), [words]);

  useEffect(focusLateField, []);

  return (
    <Composer
      directLine={connection}
      store={store}
      locale={options.locale}
      styleOptions={styleOptions}
      sendTypingIndicator
      overrideLocalizedStrings={{ TEXT_INPUT_PLACEHOLDER: words.write }}
      {...middleware}
    >
      <Surface isClosed={isClosed} />
    </Composer>
  );
}

function Surface({ isClosed }: { isClosed: boolean }) {
  const [{ root }] = hooks.useStyleSet() as unknown as [{ root: unknown }];
  return (
    <AccessKeySinkSurface className={`${String(root)} surface`} role="region">
      <BasicTranscript className="transcript" />
      {!isClosed && <BasicSendBox className="send-box" />}
    </AccessKeySinkSurface>
  );
}

type Next = (...parts: unknown[]) => unknown;
interface Card {
  readonly activity: Activity;
  readonly fromUser?: boolean;
}

/** Where Web Chat lets us in. Its types of these are loose; ours say what is used. */
function middlewareFor(words: Words): object {
  const avatarMiddleware = () => () => (card: Card) => {
    if (card.fromUser) return false;
    const { name } = noteOf(card.activity);
    return () => <Avatar name={name} size={32} />;
  };

  const activityMiddleware =
    () =>
    (next: Next) =>
    (card: Card, ...others: unknown[]) => {
      const status = statusOf(card.activity);
      if (status) return drawStatus(status.state, status.name, words);
      const draw = next(card, ...others) as false | ((...parts: unknown[]) => ReactNode);
      if (!draw || !isConsultants(card.activity)) return draw;
      const { name = '' } = noteOf(card.activity);
      return (...parts: unknown[]) => (
        <div className="consultants">
          {(parts[1] as { showCallout?: boolean } | undefined)?.showCallout !== false && (
            <p className="name">
              <span className="unseen">{words.saidBy(name)}</span>
              <span aria-hidden="true">{name}</span>
            </p>
          )}
          {draw(...parts)}
        </div>
      );
    };

  /** Lines next to each other form a group when the same one said them: two consultants are two, and so are one and the bot. */
  const groupActivitiesMiddleware = () => (next: Next) => (said: { activities: readonly Activity[] }) => ({
    ...(next(said) as object),
    sender: groupBy(said.activities, (activity) => `${activity.from?.role} ${noteOf(activity).name ?? ''}`),
  });

  return { avatarMiddleware, activityMiddleware, groupActivitiesMiddleware };
}

function drawStatus(state: string, name: string | undefined, words: Words): false | (() => ReactNode) {
  if (name === undefined || (state !== 'accepted' && state !== 'completed')) return false;
  const text = state === 'accepted' ? words.joined(name) : words.finished(name);
  return () => <p className="divider">{text}</p>;
}

function groupBy(activities: readonly Activity[], keyOf: (activity: Activity) => string): Activity[][] {
  const groups: Activity[][] = [];
  let last: string | undefined;
  for (const activity of activities) {
    const key = keyOf(activity);
    if (key === last) groups.at(-1)?.push(activity);
    else groups.push([activity]);
    last = key;
  }
  return groups;
}
