import { Button, Checkbox, Field, Input, Select } from '@fluentui/react-components';
import { DismissRegular, FilterRegular, SearchRegular } from '@fluentui/react-icons';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import { useCommand } from '../../commands/commands.ts';
import { useSession } from '../../desk/desk-context.ts';
import { useColleagues, useLatest } from '../../desk/hooks.ts';
import { channelName } from '../../words/people-words.ts';
import { filtersOf, longestText, states, withFilter, type TranscriptSearch } from './transcript-search.ts';
import { stateWords } from './transcript-words.ts';
import styles from './search-form.module.css';

interface FormProps {
  search: TranscriptSearch;
  /** Channels seen in what was found. */
  channels: readonly string[];
  onChange: (search: TranscriptSearch) => void;
}

/** What to look for. The address follows the text after a moment, and the filters at once. */
export function SearchForm({ search, channels, onChange }: FormProps) {
  const { me, queues, outcomes } = useSession();
  const colleagues = useColleagues();
  const [text, setText] = useText(search, onChange);
  const count = filtersOf(search).length;
  const [open, setOpen] = useState(count > 0);
  const input = useRef<HTMLInputElement>(null);
  const panel = useId();
  useCommand({
    id: 'search-transcripts',
    title: 'Search transcripts',
    group: 'Go to',
    keys: 'S',
    run: () => input.current?.select(),
  });

  const set = <K extends keyof TranscriptSearch>(name: K, value: string) =>
    onChange(withFilter(search, name, (value === '' ? undefined : value) as TranscriptSearch[K] | undefined));
  const people = useMemo(() => {
    const all = [me, ...colleagues.map(({ person }) => person)].sort((a, b) => a.name.localeCompare(b.name));
    // An address may name somebody who has left.
    return search.consultant === undefined || all.some(({ id }) => id === search.consultant)
      ? all
      : [...all, { id: search.consultant, name: 'Somebody not here any more' }];
  }, [me, colleagues, search.consultant]);
  const channelIds = useMemo(
    () => [
      ...new Set(['directline', 'msteams', ...channels, ...(search.channel === undefined ? [] : [search.channel])]),
    ],
    [channels, search.channel],
  );

  return (
    <form role="search" className={styles['form']} onSubmit={(event) => event.preventDefault()}>
      <div className={styles['line']}>
        <div className={styles['box']}>
          <SearchRegular aria-hidden />
          <input
            ref={input}
            type="text"
            value={text}
            maxLength={longestText}
            aria-label="Search what was said"
            placeholder="Search what was said"
            spellCheck={false}
            onChange={(event) => setText(event.target.value)}
          />
          {text !== '' && (
            <button
              type="button"
              aria-label="Clear the search"
              onClick={() => {
                setText('');
                input.current?.focus();
              }}
            >
              <DismissRegular aria-hidden />
            </button>
          )}
        </div>
        <Button icon={<FilterRegular />} aria-expanded={open} aria-controls={panel} onClick={() => setOpen(!open)}>
          Filters{count > 0 && ` (${count})`}
        </Button>
      </div>
      <div id={panel} className={styles['filters']} hidden={!open}>
        <Field label="From">
          <Input
            type="date"
            value={search.from ?? ''}
            max={search.to}
            onChange={(_, { value }) => set('from', value)}
          />
        </Field>
        <Field label="To">
          <Input type="date" value={search.to ?? ''} min={search.from} onChange={(_, { value }) => set('to', value)} />
        </Field>
        <Choice
          label="State"
          any="Any"
          value={search.state}
          options={states.map((state) => [state, stateWords(state)])}
          onChoose={(value) => set('state', value)}
        />
        <Choice
          label="Outcome"
          any="Any"
          value={search.outcome}
          options={outcomes.map(({ id, name }) => [id, name])}
          onChoose={(value) => set('outcome', value)}
        />
        <Choice
          label="Consultant"
          any="Anybody"
          value={search.consultant}
          options={people.map(({ id, name }) => [id, name])}
          onChoose={(value) => set('consultant', value)}
        />
        <Choice
          label="Queue"
          any="Any"
          value={search.queue}
          options={queues.map(({ id, name }) => [id, name])}
          onChoose={(value) => set('queue', value)}
        />
        <Choice
          label="Channel"
          any="Any"
          value={search.channel}
          options={channelIds.map((id) => [id, channelName(id)])}
          onChoose={(value) => set('channel', value)}
        />
        <div className={styles['last']}>
          <Checkbox
            label="Asked for a human"
            checked={search.handoff === true}
            onChange={(_, { checked }) => onChange(withFilter(search, 'handoff', checked === true ? true : undefined))}
          />
        </div>
      </div>
    </form>
  );
}

function Choice({
  label,
  any,
  value,
  options,
  onChoose,
}: {
  label: string;
  any: string;
  value: string | undefined;
  options: readonly (readonly [string, string])[];
  onChoose: (value: string) => void;
}) {
  return (
    <Field label={label}>
      <Select value={value ?? ''} onChange={(_, data) => onChoose(data.value)}>
        <option value="">{any}</option>
        {options.map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </Select>
    </Field>
  );
}

/** Milliseconds without a key press after which a text is looked for. */
const debounce = 300;

/** The text as it is typed, which goes into the address after a pause and comes from it when somebody goes back. */
function useText(
  search: TranscriptSearch,
  onChange: (search: TranscriptSearch) => void,
): [string, (text: string) => void] {
  const [text, setText] = useState(search.text ?? '');
  const latest = useLatest({ search, onChange });
  const sent = useRef(search.text ?? '');

  useEffect(() => {
    if ((search.text ?? '') === sent.current) return;
    sent.current = search.text ?? '';
    setText(sent.current);
  }, [search.text]);

  useEffect(() => {
    const wanted = text.trim();
    if (wanted === sent.current) return undefined;
    const timer = setTimeout(() => {
      sent.current = wanted;
      latest.current.onChange(withFilter(latest.current.search, 'text', wanted === '' ? undefined : wanted));
    }, debounce);
    return () => clearTimeout(timer);
  }, [text, latest]);

  return [text, setText];
}
