import { Button, Field, Input, Radio, RadioGroup, Select, Textarea } from '@fluentui/react-components';
import { asDeskError } from '@parley/client';
import type { CommandBody, CommandName, Conversation } from '@parley/contracts';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { useColleagues } from '../../desk/hooks.ts';
import { useNotices } from '../../ui/notices.tsx';
import { PresenceDot } from '../../ui/presence-dot.tsx';
import { userName } from '../../words/people-words.ts';
import { sentence } from '../../words/sentence.ts';
import styles from './panels.module.css';

interface PanelProps {
  head: Conversation;
  onCancel: () => void;
  /** The conversation has left my hands. */
  onDone: () => void;
}

export function TransferPanel(props: PanelProps) {
  const { head } = props;
  const { queues } = useSession();
  const colleagues = useColleagues();
  const [to, setTo] = useState('');
  const [comment, setComment] = useState('');
  const own = head.holder.state === 'assigned' || head.holder.state === 'queued' ? head.holder.queue : undefined;
  const person = colleagues.find((each) => `person:${each.person.id}` === to)?.person;
  const queue = queues.find((each) => `queue:${each.id}` === to);
  const target = person !== undefined ? { person: person.id } : queue !== undefined ? { queue: queue.id } : undefined;
  return (
    <Panel
      {...props}
      label="Transfer"
      command="transfer"
      body={target && { to: target, ...(comment.trim() === '' ? {} : { comment: comment.trim() }) }}
      why={target === undefined ? 'Choose a queue or a colleague.' : undefined}
      button={
        person !== undefined ? `Give to ${person.name}` : queue !== undefined ? `Give to ${queue.name}` : 'Transfer'
      }
      said={`${userName(head.user)} goes to ${person?.name ?? queue?.name ?? ''}.`}
    >
      <Field label="To whom">
        <RadioGroup value={to} onChange={(_, { value }) => setTo(value)} className={styles['targets'] ?? ''}>
          {queues.map((each, index) => (
            <Radio
              key={each.id}
              value={`queue:${each.id}`}
              autoFocus={index === 0}
              label={each.id === own ? `${each.name} (again)` : each.name}
            />
          ))}
          {colleagues.map(({ person: one, state, load, capacity }) => (
            <Radio
              key={one.id}
              value={`person:${one.id}`}
              label={
                <span className={styles['person']}>
                  <PresenceDot state={state} /> {one.name}
                  <small>{state === 'available' ? `available · ${load} of ${capacity}` : state}</small>
                </span>
              }
            />
          ))}
        </RadioGroup>
      </Field>
      <Comment label="What they should know" value={comment} onChange={setComment} />
    </Panel>
  );
}

export function ReturnPanel({ warning, ...props }: PanelProps & { warning: string | undefined }) {
  const { head } = props;
  const { outcomes } = useSession();
  const [outcome, setOutcome] = useState('');
  const [comment, setComment] = useState('');
  const [promises, setPromises] = useState('');
  const list = promises
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const packet = {
    ...(outcome === '' ? {} : { outcome }),
    ...(comment.trim() === '' ? {} : { comment: comment.trim() }),
    ...(list.length === 0 ? {} : { promises: list.slice(0, 20) }),
  };
  return (
    <Panel
      {...props}
      label="Back to the bot"
      command="return"
      body={{ packet }}
      why={undefined}
      button="Give back"
      said={`${userName(head.user)} is back with ${head.bot.name}.`}
    >
      {warning !== undefined && (
        <p role="status" className={styles['warning']}>
          {warning}
        </p>
      )}
      <Field label="Outcome">
        <Select value={outcome} autoFocus onChange={(_, { value }) => setOutcome(value)}>
          <option value="">No outcome</option>
          {outcomes.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
      </Field>
      <Comment label="What the bot should know" value={comment} onChange={setComment} />
      <Field label="Promises made, one a line">
        <Textarea value={promises} rows={2} maxLength={8_000} onChange={(_, { value }) => setPromises(value)} />
      </Field>
    </Panel>
  );
}

export function ClosePanel(props: PanelProps) {
  const { outcomes } = useSession();
  const [outcome, setOutcome] = useState('');
  const [comment, setComment] = useState('');
  return (
    <Panel
      {...props}
      label="Close"
      command="close"
      body={outcome === '' ? undefined : { outcome, ...(comment.trim() === '' ? {} : { comment: comment.trim() }) }}
      why={outcome === '' ? 'Choose an outcome.' : undefined}
      button="Close conversation"
      said={`The conversation with ${userName(props.head.user)} is closed.`}
    >
      <Field label="Outcome" required>
        <RadioGroup value={outcome} onChange={(_, { value }) => setOutcome(value)} className={styles['targets'] ?? ''}>
          {outcomes.map(({ id, name }, index) => (
            <Radio key={id} value={id} label={name} autoFocus={index === 0} />
          ))}
        </RadioGroup>
      </Field>
      <Comment label="Comment" value={comment} onChange={setComment} />
    </Panel>
  );
}

type Leaving = Extract<CommandName, 'transfer' | 'return' | 'close'>;

interface FormProps<C extends Leaving> extends PanelProps {
  label: string;
  command: C;
  body: Omit<CommandBody<C>, 'id'> | undefined;
  why: string | undefined;
  button: string;
  said: string;
  children: ReactNode;
}

function Panel<C extends Leaving>({
  head,
  label,
  command,
  body,
  why,
  button,
  said,
  onCancel,
  onDone,
  children,
}: FormProps<C>) {
  const desk = useDesk();
  const notify = useNotices();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const unsent = desk.outbox.items
    .getSnapshot()
    .some(({ conversation, state, kind }) => conversation === head.id && kind === 'reply' && state !== 'failed');

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (body === undefined || busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await desk.command(head.id, command, body);
      notify({ tone: 'good', text: said });
      onDone();
    } catch (thrown) {
      setProblem(sentence(asDeskError(thrown), desk.now()));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form className={styles['form']} aria-label={label} onSubmit={(event) => void submit(event)}>
      <div className={styles['fields']}>{children}</div>
      {problem !== undefined && (
        <p role="alert" className={styles['problem']}>
          {problem}
        </p>
      )}
      <div className={styles['buttons']}>
        <Button type="submit" appearance="primary" disabledFocusable={why !== undefined || busy || unsent}>
          {busy ? 'One moment…' : button}
        </Button>
        <Button onClick={onCancel}>Cancel</Button>
        <span>{unsent ? 'A reply of yours is still on its way; wait for it.' : why}</span>
      </div>
    </form>
  );
}

function Comment({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <Field label={label}>
      <Input value={value} maxLength={4_000} onChange={(_, data) => onChange(data.value)} />
    </Field>
  );
}
