import type { Conversation } from '@parley/contracts';
import { useSession } from '../desk/desk-context.ts';
import { useNow } from '../desk/hooks.ts';
import { spokenUrgency, urgency, urgencyWords, type Step } from '../words/urgency.ts';
import styles from './due-chip.module.css';

const icons: Record<Step, string> = { answered: '✓', calm: '●', warn: '◆', over: '▲' };

/** Time left until the promise to answer is broken: colour, shape and words say the same. */
export function DueChip({ head }: { head: Conversation }) {
  const { queues } = useSession();
  const now = useNow();
  const state = urgency(head, queues, now);
  if (head.holder.state === 'with-bot' || head.holder.state === 'closed') return null;
  return (
    <span className={styles['due']} data-step={state.step} title={titleOf(head, state.step)}>
      <span className={styles['icon']} aria-hidden>
        {icons[state.step]}
      </span>
      <span aria-hidden>{urgencyWords(state, now)}</span>
      <span className="visually-hidden">{spokenUrgency(state, now)}</span>
    </span>
  );
}

function titleOf(head: Conversation, step: Step): string {
  if (step === 'answered') return 'Nobody waits for a reply';
  const handed =
    head.holder.state !== 'with-bot' && head.holder.state !== 'closed' && head.holder.comment !== undefined;
  return `Time until the promised reply, counted from the first unanswered line${handed ? '; a transfer does not restart it' : ''}`;
}
