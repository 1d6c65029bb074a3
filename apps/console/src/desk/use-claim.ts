import { asDeskError } from '@parley/client';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { focusPane } from '../commands/panes.ts';
import { useNotices } from '../ui/notices.tsx';
import { sentence } from '../words/sentence.ts';
import { useRunCommand } from '../commands/commands.ts';
import { useDesk } from './desk-context.ts';

/** Takes a conversation and opens it with the composer ready; whoever comes second is told who was first. */
export function useClaim(): { claim: (id: string) => Promise<void>; claiming: string | undefined } {
  const desk = useDesk();
  const notify = useNotices();
  const navigate = useNavigate();
  const run = useRunCommand();
  const { client = '' } = useParams({ strict: false });
  const [claiming, setClaiming] = useState<string>();

  const claim = useCallback(
    async (id: string) => {
      setClaiming(id);
      try {
        await desk.command(id, 'claim', {});
      } catch (thrown) {
        const problem = asDeskError(thrown);
        if (problem.code !== 'already-yours') {
          const lost = ['already-held', 'not-queued', 'not-found', 'reserved', 'closed', 'with-bot'].includes(
            problem.code,
          );
          const text = problem.code === 'not-found' ? 'A colleague took this first.' : sentence(problem, desk.now());
          notify({
            tone: lost ? 'info' : 'bad',
            text,
            ...(lost ? { action: { label: 'Take the next', run: () => run('accept') } } : {}),
          });
          return;
        }
      } finally {
        setClaiming(undefined);
      }
      focusPane('composer');
      void navigate({ to: '/$client/c/$conversation', params: { client, conversation: id } });
    },
    [desk, notify, navigate, run, client],
  );
  return { claim, claiming };
}
