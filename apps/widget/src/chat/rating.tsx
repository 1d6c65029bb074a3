import { useState } from 'react';
import type { Words } from './words.ts';

/** One to five stars and, if the user likes, a word about it. */
export function Rating({
  name,
  words,
  onRate,
  onSkip,
}: {
  name: string | undefined;
  words: Words;
  onRate: (score: number, comment: string) => void;
  onSkip: () => void;
}) {
  const [score, setScore] = useState(0);
  const [comment, setComment] = useState('');
  return (
    <form
      className="rating"
      aria-label={words.rate(name)}
      onSubmit={(event) => {
        event.preventDefault();
        if (score > 0) onRate(score, comment);
      }}
    >
      <fieldset>
        <legend>{words.rate(name)}</legend>
        <div className="stars">
          {words.stars.map((label, index) => (
            <label key={label} className={index < score ? 'lit' : ''} title={label}>
              <input
                type="radio"
                name="score"
                value={index + 1}
                checked={score === index + 1}
                onChange={() => setScore(index + 1)}
                aria-label={`${index + 1} – ${label}`}
              />
              <svg viewBox="0 0 24 24" aria-hidden="true">
                <path d="M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z" />
              </svg>
            </label>
          ))}
        </div>
      </fieldset>
      {score > 0 && (
        <textarea
          rows={2}
          maxLength={2000}
          value={comment}
          placeholder={words.comment}
          aria-label={words.comment}
          onChange={({ target }) => setComment(target.value)}
        />
      )}
      <div className="buttons">
        <button type="button" onClick={onSkip}>
          {words.skip}
        </button>
        <button type="submit" className="primary" disabled={score === 0}>
          {words.send}
        </button>
      </div>
    </form>
  );
}
