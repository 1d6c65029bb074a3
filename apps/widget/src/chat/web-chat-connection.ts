import type { Activity } from '../line/activity.ts';
import type { Heard, Line } from '../line/line.ts';

interface Observer<Value> {
  next?: (value: Value) => void;
  error?: (error: unknown) => void;
  complete?: () => void;
}

interface Observable<Value> {
  subscribe(observer: Observer<Value>): { unsubscribe(): void };
}

/** What Web Chat asks of a connection. */
export interface WebChatConnection {
  readonly activity$: Observable<Activity>;
  readonly connectionStatus$: Observable<number>;
  /** Web Chat reads the user's id from it. */
  readonly token: string;
  postActivity(activity: Activity): Observable<string>;
  end(): void;
}

/** Source: https://github.com/microsoft/BotFramework-DirectLineJS, ConnectionStatus. */
const connecting = 1;
const online = 2;

/**
 * A line in the shape Web Chat knows. A lost connection is the page's to tell of: to Web Chat the line is online from the first
 * time on, so that it lets the user go on writing.
 */
export function webChatConnection(line: Line, token: string): WebChatConnection {
  return {
    token,
    activity$: {
      subscribe({ next }) {
        for (const heard of line.heard()) next?.(forWebChat(heard));
        return { unsubscribe: line.onHeard((heard) => next?.(forWebChat(heard))) };
      },
    },
    connectionStatus$: {
      subscribe({ next }) {
        let last = 0;
        const show = (status: number) => {
          if (last !== status && last !== online) next?.((last = status));
        };
        show(line.state().is === 'connecting' ? connecting : online);
        return { unsubscribe: line.onState((state) => show(state.is === 'connecting' ? connecting : online)) };
      },
    },
    postActivity: (activity) => ({
      subscribe({ complete, error, next }) {
        line.post(activity).then(
          (id) => {
            next?.(id);
            complete?.();
          },
          (reason: unknown) => error?.(reason),
        );
        return { unsubscribe: () => {} };
      },
    }),
    // The page ends the line; Web Chat's leaving the screen does not.
    end: () => {},
  };
}

/**
 * The channel's order is the order on every screen, whatever the clocks of those who speak. Web Chat would hold an answer back
 * for seconds until it has seen what is answered; a consultant's line answers nothing that is shown here.
 */
function forWebChat({ activity, place }: Heard): Activity {
  const { replyToId: _replyToId, ...said } = activity;
  return { ...said, channelData: { ...said.channelData, 'webchat:sequence-id': place } };
}
