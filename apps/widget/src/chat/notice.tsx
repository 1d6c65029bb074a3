import type { ChatView } from './chat.ts';
import type { Words } from './words.ts';

/** What stands between the user and the conversation, in words, with what can be done about it. */
export function Notice({
  view,
  words,
  onRetry,
  onStartAgain,
}: {
  view: ChatView;
  words: Words;
  onRetry: () => void;
  onStartAgain: () => void;
}) {
  const said = say(view, words);
  return (
    <div className="notice-place" role="status">
      {said && (
        <div className={`notice ${said.tone}`}>
          <p>{said.text}</p>
          {said.act === 'retry' && (
            <button type="button" onClick={onRetry}>
              {words.retry}
            </button>
          )}
          {said.act === 'start' && (
            <button type="button" onClick={onStartAgain}>
              {words.startAgain}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function say(
  { line, browserOnline }: ChatView,
  words: Words,
): { text: string; tone: 'calm' | 'warn'; act?: 'retry' | 'start' } | undefined {
  if (line.is === 'closed') {
    if (line.why === 'refused') return { text: words.refused, tone: 'warn', act: 'start' };
    return { text: line.why === 'left' ? words.ended : words.gone, tone: 'calm', act: 'start' };
  }
  if (!browserOnline) return { text: words.offline, tone: 'warn' };
  if (line.is === 'away') return { text: words.reconnecting, tone: 'warn', act: 'retry' };
  if (line.is === 'connecting' && line.failing) return { text: words.cannotConnect, tone: 'warn', act: 'retry' };
  return undefined;
}
