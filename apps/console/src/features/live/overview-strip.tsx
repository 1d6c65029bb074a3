import type { Overview } from '@parley/contracts';
import { useNow } from '../../desk/hooks.ts';
import { sentence } from '../../words/sentence.ts';
import { clockSpan, spokenSpan } from '../../words/time-words.ts';
import { useOverview } from './use-overview.ts';
import styles from './strips.module.css';

type Gauge = Overview['queues'][number];

/** How each queue stands now; a press shows only that queue. */
export function OverviewStrip({
  compact,
  chosen,
  onChoose,
}: {
  compact: boolean;
  chosen: string | undefined;
  onChoose: (queue: string) => void;
}) {
  const { data, error } = useOverview();
  if (data === undefined)
    return (
      <p className={styles['quiet']}>
        {error === null ? 'Fetching the queues…' : `The queues cannot be shown. ${sentence(error)}`}
      </p>
    );
  return (
    <section className={styles['strip']} data-compact={compact} aria-label="Queues">
      {data.queues.map((gauge) => (
        <QueueCard
          key={gauge.queue.id}
          gauge={gauge}
          chosen={gauge.queue.id === chosen}
          onChoose={() => onChoose(gauge.queue.id)}
        />
      ))}
    </section>
  );
}

function QueueCard({
  gauge: { queue, waiting, longestWaitSince, assigned, available },
  chosen,
  onChoose,
}: {
  gauge: Gauge;
  chosen: boolean;
  onChoose: () => void;
}) {
  const now = useNow();
  const waited = longestWaitSince === undefined ? undefined : Math.max(0, now - longestWaitSince);
  const step =
    waited === undefined
      ? 'none'
      : waited >= queue.dueAfter * 1_000
        ? 'over'
        : waited >= queue.warnAfter * 1_000
          ? 'warn'
          : 'calm';
  return (
    <button type="button" className={styles['card']} aria-pressed={chosen} onClick={onChoose}>
      <span className={styles['name']}>{queue.name}</span>
      <span className={styles['facts']}>
        <Fact value={String(waiting)} name="waiting" />
        {waited === undefined ? (
          <span className={`${styles['fact']} ${styles['long']}`}>
            <b>–</b>
            <span>longest wait</span>
          </span>
        ) : (
          <span className={styles['fact']} data-step={step}>
            <b aria-hidden>
              {step === 'over' && <i>▲</i>}
              {step === 'warn' && <i>◆</i>}
              {clockSpan(waited)}
            </b>
            <span aria-hidden className={styles['long']}>
              longest wait
            </span>
            <span className="visually-hidden">, longest wait {spokenSpan(Math.floor(waited / 10_000) * 10_000)}</span>
          </span>
        )}
        <Fact value={String(assigned)} name="held" />
        <span className={styles['fact']} data-step={available === 0 && waiting > 0 ? 'warn' : undefined}>
          <b>
            {available === 0 && waiting > 0 && <i aria-hidden>◆</i>}
            {available}
          </b>
          <span>free</span>
        </span>
      </span>
    </button>
  );
}

function Fact({ value, name }: { value: string; name: string }) {
  return (
    <span className={styles['fact']}>
      <b>{value}</b>
      <span>{name}</span>
    </span>
  );
}
