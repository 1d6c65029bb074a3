import { randomUUID } from 'node:crypto';
import { paths, type ConversationView, type HandoffAnswer, type TurnResult } from '@parley/contracts';
import type { Answer } from '@parley/testkit';
import type { Story, Step, Who } from './story.ts';

/** The world as the seed needs it: somebody's calls, and a clock that can be put back. */
export type Stage = {
  /** Calls the desk as a person or as a client's bot. */
  as(
    who: Who | { bot: Story['client'] },
  ): Promise<{ call<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> }>;
  /** Sets the desk's clock, in milliseconds since 1970, and does what is due by then. */
  setTime(at: number): Promise<void>;
};

/** Lets the stories happen in the order of time, through the public HTTP API. @throws when the desk refuses a step that the story means to succeed */
export async function play(stories: readonly Story[], stage: Stage, now: number): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  const epochs = new Map<string, number>();
  const times = stories.flatMap((story, order) => {
    let at = now - (story.ago + story.steps.reduce((sum, step) => sum + step.after, 0)) * 1_000;
    return story.steps.map((step) => ({ at: (at += step.after * 1_000), order, story, step }));
  });
  times.sort((a, b) => a.at - b.at || a.order - b.order);
  for (const { at, story, step } of times) {
    await stage.setTime(at);
    await perform(story, step);
  }
  return ids;

  async function perform({ client, key, channel, user }: Story, step: Step): Promise<void> {
    const name = `${client}/${key}`;
    const place = { channel, conversation: key };
    const bot = async <T>(path: string, body: object) =>
      accepted<T>(
        await (await stage.as({ bot: client })).call<T>('POST', path, { ...place, id: randomUUID(), ...body }),
        name,
        step,
      );
    const person = async <T>(who: Who, command: string, body: object) =>
      accepted<T>(
        await (await stage.as(who)).call<T>('POST', paths.command(idOf(name), command), { id: randomUUID(), ...body }),
        name,
        step,
      );

    switch (step.do) {
      case 'user':
      case 'bot': {
        const turn = {
          ...place,
          id: randomUUID(),
          speaker: step.do,
          text: step.text,
          user,
          ...(step.attachments ? { attachments: step.attachments } : {}),
        };
        const answer = accepted(
          await (
            await stage.as({ bot: client })
          ).call<{ results: TurnResult[] }>('POST', paths.botTurns, { turns: [turn] }),
          name,
          step,
        );
        const result = answer.results[0] as TurnResult;
        if (result.outcome === 'refused')
          throw new Error(`${name}: ${JSON.stringify(step)} was refused: ${result.code}`);
        ids.set(name, result.conversation);
        return;
      }
      case 'ask':
        ids.set(
          name,
          (await bot<HandoffAnswer>(paths.botHandoffs, { user, queue: step.queue, packet: step.packet })).conversation,
        );
        return;
      case 'reply': {
        const view = accepted(
          await (await stage.as(step.who)).call<ConversationView>('GET', paths.conversation(idOf(name))),
          name,
          step,
        );
        epochs.set(name, view.conversation.epoch);
        await person(step.who, 'reply', { text: step.text, epoch: view.conversation.epoch });
        return;
      }
      case 'late-reply': {
        // The refusal is what the story wants: the line is kept as suppressed.
        await (
          await stage.as(step.who)
        ).call('POST', paths.command(idOf(name), 'reply'), {
          id: randomUUID(),
          text: step.text,
          epoch: epochs.get(name) ?? 0,
        });
        return;
      }
      case 'claim':
        await person(step.who, 'claim', {});
        return;
      case 'note':
        await person(step.who, 'note', { text: step.text });
        return;
      case 'draft':
        accepted(
          await (await stage.as(step.who)).call('PUT', paths.draft(idOf(name)), { text: step.text, mode: 'reply' }),
          name,
          step,
        );
        return;
      case 'transfer':
        await person(step.who, 'transfer', {
          to: 'queue' in step.to ? step.to : { person: people[step.to.person] },
          ...(step.comment === undefined ? {} : { comment: step.comment }),
        });
        return;
      case 'return':
        await person(step.who, 'return', { packet: step.packet });
        return;
      case 'close':
        await person(step.who, 'close', {
          outcome: step.outcome,
          ...(step.comment === undefined ? {} : { comment: step.comment }),
        });
        return;
      case 'seen': {
        const floor = accepted(
          await (
            await stage.as({ bot: client })
          ).call<{ seq: number }>('GET', `${paths.botFloor}?${new URLSearchParams(place).toString()}`),
          name,
          step,
        );
        accepted(
          await (await stage.as({ bot: client })).call('POST', paths.botReceipts, { ...place, seenSeq: floor.seq }),
          name,
          step,
        );
        return;
      }
      case 'left':
        await bot(paths.botEndings, { reason: 'user-left' });
        return;
      case 'rate':
        await bot(paths.botRatings, {
          score: step.score,
          ...(step.comment === undefined ? {} : { comment: step.comment }),
        });
    }
  }

  function idOf(name: string): string {
    const id = ids.get(name);
    if (id === undefined) throw new Error(`${name} has not begun`);
    return id;
  }
}

/** Object ids of the sandbox's people who may be given a conversation. */
const people: Record<Who, string> = {
  ana: 'c0170500-0000-4000-8000-000000000101',
  lukas: 'c0170500-0000-4000-8000-000000000102',
  'mei-lin': 'c0170500-0000-4000-8000-000000000103',
  marta: 'c0170500-0000-4000-8000-000000000104',
  noor: 'fab71ca0-0000-4000-8000-000000000201',
  felix: 'fab71ca0-0000-4000-8000-000000000202',
  ines: 'fab71ca0-0000-4000-8000-000000000203',
};

function accepted<T>({ status, body }: Answer<T>, name: string, step: Step): T {
  if (status >= 300)
    throw new Error(`${name}: ${JSON.stringify(step)} was answered with ${status} ${JSON.stringify(body)}`);
  return body;
}
