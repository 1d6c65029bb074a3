import { useParams, useSearch } from '@tanstack/react-router';
import { useCommand } from '../commands/commands.ts';
import { cyclePanes } from '../commands/panes.ts';
import { ReadingThread } from '../features/thread/reading-thread.tsx';
import { TranscriptsPage } from '../features/transcripts/transcripts-page.tsx';

/** Search over what was kept, with the desk's own lines to read it in. */
export function TranscriptsRoute() {
  const { client } = useParams({ from: '/$client/transcripts' });
  const search = useSearch({ from: '/$client/transcripts' });
  useCommand({ id: 'panes', title: 'Next pane', group: 'Go to', keys: 'F6', run: () => cyclePanes(1) });
  useCommand({
    id: 'panes-back',
    title: 'Previous pane',
    group: 'Go to',
    keys: 'Shift F6',
    hidden: true,
    run: () => cyclePanes(-1),
  });
  return (
    <TranscriptsPage
      client={client}
      search={search}
      thread={(id, jump) => <ReadingThread key={id} id={id} jump={jump} />}
    />
  );
}
