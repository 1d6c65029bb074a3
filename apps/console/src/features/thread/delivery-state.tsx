import { Button, Popover, PopoverSurface } from '@fluentui/react-components';
import { asDeskError } from '@parley/client';
import type { Conversation, EntryLedger, EntryOf } from '@parley/contracts';
import { useEffect, useState } from 'react';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { useNotices } from '../../ui/notices.tsx';
import { deliveryOf, deliverySentence, ledgerLines } from '../../words/delivery-words.ts';
import { sentence } from '../../words/sentence.ts';
import styles from './delivery-state.module.css';

/** How far a line has come; pressed, it tells when what became of it. */
export function DeliveryState({ entry, head }: { entry: EntryOf<'message'>; head: Conversation }) {
  const desk = useDesk();
  const [open, setOpen] = useState(false);
  const [target, setTarget] = useState<HTMLButtonElement | null>(null);
  const state = deliveryOf(entry, head.delivery);
  if (state === undefined) return null;
  const words = deliverySentence(state, head.delivery, desk.now());
  function close() {
    setOpen(false);
    target?.focus();
  }
  // Fluent puts guards for the focus around the whole page once it knows of a popover: it is to know of open ones only.
  return (
    <>
      <button
        type="button"
        ref={setTarget}
        className={styles['state']}
        data-delivery={state}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => {
          // Where it is open the click outside of it closes it.
          if (!open) setOpen(true);
        }}
      >
        {words}
      </button>
      {open && (
        <Popover open onOpenChange={close} positioning={{ target }} trapFocus withArrow>
          <PopoverSurface className={styles['surface']} aria-label="When what became of this line">
            <Ledger entry={entry} head={head} />
          </PopoverSurface>
        </Popover>
      )}
    </>
  );
}

/** For who may: whoever holds the conversation, and supervisors. */
export function RetryButton({ head, small = false }: { head: Conversation; small?: boolean }) {
  const desk = useDesk();
  const { me, can } = useSession();
  const notify = useNotices();
  const [busy, setBusy] = useState(false);
  const { holder, delivery } = head;
  const holds = holder.state === 'assigned' && holder.consultant.id === me.id;
  if (!holds && !can.supervise) return null;
  if (delivery.failed === undefined && delivery.retry === undefined) return null;

  async function retry() {
    setBusy(true);
    try {
      await desk.command(head.id, 'retry-delivery', {});
    } catch (thrown) {
      notify({ tone: 'bad', text: sentence(asDeskError(thrown), desk.now()) });
    } finally {
      setBusy(false);
    }
  }

  const label = delivery.failed ? 'Try again' : 'Try now';
  return small ? (
    <button type="button" className={styles['link']} disabled={busy} onClick={() => void retry()}>
      {label}
    </button>
  ) : (
    <Button size="small" disabled={busy} onClick={() => void retry()}>
      {label}
    </Button>
  );
}

/** Asked for anew whenever the marks change while it is open. */
function Ledger({ entry: { seq }, head }: { entry: EntryOf<'message'>; head: Conversation }) {
  const desk = useDesk();
  const [ledger, setLedger] = useState<EntryLedger>();
  const [problem, setProblem] = useState<string>();
  const { deliveredSeq, seenSeq, failed, retry } = head.delivery;
  useEffect(() => {
    const stop = new AbortController();
    desk.api.ledger(head.id, seq, { signal: stop.signal }).then(
      (known) => {
        setLedger(known);
        setProblem(undefined);
      },
      (thrown: unknown) => {
        if (!stop.signal.aborted) setProblem(sentence(asDeskError(thrown), desk.now()));
      },
    );
    return () => stop.abort();
  }, [desk, head.id, seq, deliveredSeq, seenSeq, failed?.at, retry?.at]);

  if (problem !== undefined) return <p role="alert">{problem}</p>;
  if (ledger === undefined) return <p role="status">Asking the desk…</p>;
  return (
    <>
      <dl className={styles['ledger']}>
        {ledgerLines(ledger, desk.now()).map(({ what, when, detail, tone }, index) => (
          <div key={index} data-tone={tone}>
            <dt>{what}</dt>
            <dd>
              {when}
              {detail !== undefined && <small>{detail}</small>}
            </dd>
          </div>
        ))}
      </dl>
      <RetryButton head={head} />
    </>
  );
}
