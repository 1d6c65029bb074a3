import type { Ref } from 'react';
import type { Words } from './words.ts';

/** Asks before the conversation is closed for good. Escape is "no". */
export function EndDialog({ ref, words, onEnd }: { ref: Ref<HTMLDialogElement>; words: Words; onEnd: () => void }) {
  return (
    <dialog
      ref={ref}
      aria-labelledby="end-question"
      aria-describedby="end-explained"
      onClose={({ currentTarget }) => {
        if (currentTarget.returnValue === 'end') onEnd();
        currentTarget.returnValue = '';
      }}
    >
      <form method="dialog">
        <h2 id="end-question">{words.endQuestion}</h2>
        <p id="end-explained">{words.endExplained}</p>
        <div className="buttons">
          <button type="submit" value="cancel">
            {words.cancel}
          </button>
          <button type="submit" value="end" className="primary">
            {words.end}
          </button>
        </div>
      </form>
    </dialog>
  );
}
