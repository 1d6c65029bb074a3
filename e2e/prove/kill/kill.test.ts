import { expect, it } from 'vitest';
import { judge } from './judge.ts';
import { killing } from './prove.ts';

it('S8 D10 H17 Y9 Y18 a desk killed at every named moment and in between loses, doubles and disorders nothing', async () => {
  const { lost, doubled, disordered, empty, kills } = await killing({ loops: 6, users: 8, seed: 1 });
  expect({ lost, doubled, disordered, empty }).toEqual({ lost: [], doubled: [], disordered: [], empty: [] });
  expect(Object.values(kills).reduce((sum, n) => sum + n, 0)).toBe(6);
}, 60_000);

it('S8 what the judge is there for it finds: a lost line, one said twice, one out of order, a hole in the deliveries', () => {
  const at = 0;
  const by = { type: 'person', id: 'ana', name: 'Ana' } as const;
  const entry = (seq: number, id: string, text: string) =>
    ({ seq, id: `p:${id}`, at, epoch: 1, by, kind: 'message', text }) as const;
  const told = (seq: number, id: string, text: string) => ({
    conversation: 'c',
    sender: 'ana',
    id: `p:${id}`,
    seq,
    text,
  });
  const taken = (seq: number, id: string, text: string, life: number) => ({
    entry: { kind: 'message', seq, id: `p:${id}`, at, from: { name: 'Ana' }, text } as const,
    life,
  });
  const entries = [entry(1, 'a', 'one'), entry(2, 'b', 'two'), entry(3, 'c', 'two')];
  const verdict = judge({
    transcripts: new Map([['c', { conversation: {} as never, entries }]]),
    acknowledged: [told(2, 'b', 'two'), told(1, 'a', 'one'), told(4, 'd', 'four')],
    taken: new Map([
      ['c', [taken(2, 'b', 'two', 1), taken(1, 'a', 'one', 1), taken(1, 'a', 'one', 1), taken(2, 'b', 'two', 2)]],
    ]),
    screens: [{ who: 'Ana', shown: new Map([['c', new Map([[1, 'p:b message two']])]]) }],
  });
  expect(verdict.lost).toEqual([
    'ana was told that p:d is entry 4 of c; it is not there',
    "Entry 3 of c never reached the bot's side",
  ]);
  expect(verdict.doubled).toEqual(['"two" was said twice in c', 'One process delivered entry 1 of c twice']);
  expect(verdict.disordered).toEqual([
    'ana said p:a of c later than its number 1 tells',
    'Entry 1 of c was delivered after 2',
    'Ana saw "p:b message two" at 1 of c; there is "p:a message one"',
  ]);
  expect(verdict.redelivered).toBe(1);
});
