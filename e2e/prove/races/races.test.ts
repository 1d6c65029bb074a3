import type { Entry } from '@parley/contracts';
import { expect, it } from 'vitest';
import { againstLog } from './against-log.ts';
import { unexplained } from './linearisable.ts';
import { race } from './race.ts';
import type { Call } from './register.ts';

it('H4 S2 S16 four processes that race for the same conversations answer as one register would', async () => {
  const { doubleHolders, unlinear, backwards, unlogged, empty } = await race({ n: 4_000, seed: 1 });
  expect({ doubleHolders, unlinear, backwards, unlogged, empty }).toEqual({
    doubleHolders: [],
    unlinear: [],
    backwards: [],
    unlogged: [],
    empty: [],
  });
}, 60_000);

const call = (who: string, op: Call['op'], answer: string, from: number, until: number): Call => ({
  who,
  op,
  answer,
  from,
  until,
  saw: 0,
});

it.each<[string, Call[]]>([
  [
    'a claim and its refusal that overlap',
    [call('ana', 'claim', 'done', 1, 5), call('ben', 'claim', 'already-held', 2, 3)],
  ],
  [
    'a claim that takes effect late',
    [
      call('ana', 'claim', 'done', 1, 9),
      call('ben', 'claim', 'done', 2, 4),
      call('ben', 'transfer', 'done', 5, 7),
      call('ben', 'reply', 'not-holder', 8, 10),
    ],
  ],
  [
    'two releases of which one finds it waiting already',
    [call('ana', 'claim', 'done', 1, 2), call('ana', 'transfer', 'done', 3, 6), call('ben', 'transfer', 'done', 4, 7)],
  ],
])('S16 the checker explains %s', (_, calls) => {
  expect(unexplained(calls)).toBeUndefined();
});

it.each<[string, Call[]]>([
  ['two claims that both won', [call('ana', 'claim', 'done', 1, 4), call('ben', 'claim', 'done', 2, 5)]],
  [
    'a claim that won before the release it needs had begun',
    [call('ana', 'claim', 'done', 1, 2), call('ben', 'claim', 'done', 3, 4), call('ana', 'transfer', 'done', 5, 6)],
  ],
  [
    'a refusal although nobody had it',
    [call('ben', 'claim', 'already-held', 1, 2), call('ana', 'claim', 'done', 3, 4)],
  ],
  [
    'a refusal that saw what had ended before',
    [
      call('ana', 'claim', 'done', 1, 2),
      call('ana', 'transfer', 'done', 3, 4),
      call('ben', 'claim', 'already-held', 5, 6),
    ],
  ],
  [
    'a reply after the release',
    [call('ana', 'claim', 'done', 1, 2), call('ana', 'return', 'done', 3, 4), call('ana', 'reply', 'done', 5, 6)],
  ],
  [
    'a claim of what is reserved for somebody else',
    [
      call('ana', 'claim', 'done', 1, 2),
      { ...call('ana', 'transfer', 'done', 3, 4), to: 'cleo' },
      call('ben', 'claim', 'done', 5, 6),
    ],
  ],
])('S16 the checker finds %s', (_, calls) => {
  expect(unexplained(calls)).toBeDefined();
});

it('S16 the log check finds two holders, an answer that the log does not have, and an order against the time', () => {
  const entry = (seq: number, kind: string, who: string, epoch: number) =>
    ({
      seq,
      kind,
      epoch,
      id: `p:${seq}`,
      at: 0,
      by: { type: 'person', id: who, name: who },
      consultant: { id: who },
    }) as unknown as Entry;
  const entries = [
    entry(1, 'handoff-requested', 'bot', 1),
    entry(2, 'accepted', 'ana', 2),
    entry(3, 'accepted', 'ben', 3),
    entry(4, 'transferred', 'ben', 4),
  ];
  const findings = againstLog('c', entries, [
    { ...call('ana', 'claim', 'done', 5, 6), seq: 2, epoch: 2, saw: 2 },
    { ...call('ben', 'claim', 'done', 1, 2), seq: 3, epoch: 3, saw: 3 },
    { ...call('ben', 'return', 'done', 7, 8), seq: 4, epoch: 4, saw: 4 },
  ]);
  expect(findings.doubleHolders).toEqual(['Entry 3 of c: ben took what ana held']);
  expect(findings.unlogged).toEqual(['ben was told that return is entry 4 of c']);
  expect(findings.backwards).toHaveLength(2);
});
