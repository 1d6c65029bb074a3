import { lazy, Suspense, useMemo, useRef, useSyncExternalStore } from 'react';
import type { FrameOptions } from '../protocol.ts';
import type { Chat } from './chat.ts';
import { EndDialog } from './end-dialog.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { Header } from './header.tsx';
import { Notice } from './notice.tsx';
import { Rating } from './rating.tsx';
import { saveTranscript } from './transcript.ts';
import { wordsFor } from './words.ts';

/** Web Chat weighs a megabyte: the page stands and connects while it loads. */
const Conversation = lazy(() => import('./conversation.tsx').then((module) => ({ default: module.Conversation })));

export function App({ chat, options, onMinimise }: { chat: Chat; options: FrameOptions; onMinimise: () => void }) {
  const view = useSyncExternalStore(chat.subscribe, chat.view);
  const words = useMemo(() => wordsFor(options.locale), [options.locale]);
  const dialog = useRef<HTMLDialogElement>(null);
  const isClosed = view.line.is === 'closed';
  const { unrated } = view.talk;

  return (
    <div className="chat">
      <Header
        title={options.title}
        floor={view.talk.floor}
        isClosed={isClosed}
        words={words}
        onMinimise={onMinimise}
        onSave={() => saveTranscript(chat.line(), options, words)}
        onEnd={() => dialog.current?.showModal()}
      />
      <Notice view={view} words={words} onRetry={chat.wake} onStartAgain={chat.startAgain} />
      <main className={isClosed ? 'closed' : ''}>
        <ErrorBoundary fallback={<Broken words={words} />}>
          <Suspense fallback={<div className="ring" />}>
            {(view.line.is !== 'connecting' || chat.line().heard().length > 0) && (
              <Conversation key={view.round} chat={chat} options={options} words={words} isClosed={isClosed} />
            )}
          </Suspense>
        </ErrorBoundary>
        {view.line.is === 'connecting' && !view.line.failing && <div className="ring" />}
      </main>
      {unrated && !isClosed && (
        <Rating
          key={view.talk.floorSeq}
          name={unrated.name}
          words={words}
          onRate={chat.rate}
          onSkip={chat.skipRating}
        />
      )}
      <p className={view.rated ? 'thanks' : 'unseen'} role="status">
        {view.rated ? words.thanks : ''}
      </p>
      <EndDialog ref={dialog} words={words} onEnd={() => void chat.leave()} />
    </div>
  );
}

/** The page's own program could not be loaded or failed; a fresh load is all that helps. */
function Broken({ words }: { words: ReturnType<typeof wordsFor> }) {
  return (
    <div className="broken" role="alert">
      <p>{words.cannotConnect}</p>
      <button type="button" onClick={() => location.reload()}>
        {words.retry}
      </button>
    </div>
  );
}
