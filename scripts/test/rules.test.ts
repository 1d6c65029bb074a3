import { describe, expect, test } from 'vitest';
import { disagreements, rulesOf, testsOf } from '../lib/rules.mjs';

const spec = '# Rules\n\nWords.\n\n- **D1** In order. (P7)\n- **D2** Again and again. (P1, P7)\n';
const { rules } = rulesOf('spec.md', spec);
/** A title in a call; written so that this file itself names no rule. */
const code = (call: string, title: string) => `${call}'${title}', () => {});\n`;
const named = (...titles: string[]) => testsOf('a.test.ts', titles.map((title) => code('test(', title)).join(''));

describe('the rules of a page', () => {
  test('are read with the promises they serve', () => {
    expect(rules).toEqual([
      { id: 'D1', sentence: 'In order.', promises: ['P7'], page: 'spec.md' },
      { id: 'D2', sentence: 'Again and again.', promises: ['P1', 'P7'], page: 'spec.md' },
    ]);
  });

  test.each(['- **D3** Without a promise.', '- **X1** Of no page. (P1)', '* **D3** Other bullet. (P1)'])(
    'that cannot be read are told: %s',
    (line) => expect(rulesOf('spec.md', line).problems).toHaveLength(1),
  );
});

describe('the tests of a file', () => {
  test.each([
    [code('test(', 'D1 sends'), ['D1']],
    [code('it(\n  ', 'D1 D2 sends'), ['D1', 'D2']],
    [code('describe(', 'D1, D2: sends'), ['D1', 'D2']],
    [code('test.each([1])(\n  ', 'D2 sends %i'), ['D2']],
    [code('test.skipIf(windows)(', 'D2 sends'), ['D2']],
    ['test(`D1 ${type} in ${state}`, run)', ['D1']],
    ["test.each([\n  ['D1 sends', 1],\n", ['D1']],
    [code('test(', 'D12 it’s a quote'), ['D12']],
  ])('are found: %j', (text, ids) => {
    expect(testsOf('a.test.ts', text).flatMap((one) => one.ids)).toEqual(ids);
  });

  test.each([
    code('test(', 'sends, as D1 says'),
    code('test(', 'D1'),
    code('test.skip(', 'D1 sends'),
    code('test.todo(', 'D1 sends'),
    code('// test(', 'D1 sends'),
    code('expect(', 'D1 sends'),
    "const text = 'D1 sends';",
  ])('are not these: %j', (text) => {
    expect(testsOf('a.test.ts', text)).toEqual([]);
  });
});

describe('rules and tests', () => {
  test('agree when each rule has a test and each test a rule', () => {
    expect(disagreements(rules, named('D1 D2 sends'), ['P1', 'P7'])).toEqual([]);
  });

  test.each([
    ['a rule without a test', rules, named('D1 sends'), ['P1', 'P7'], 'spec.md: D2 has no test: Again and again.'],
    ['a test without a rule', rules, named('D1 D2 D9 x'), ['P1', 'P7'], 'a.test.ts:1: there is no rule D9: D1 D2 D9 x'],
    ['a rule stated twice', [...rules, rules[0]!], named('D1 D2 x'), ['P1', 'P7'], 'spec.md: D1 is stated twice'],
    ['a promise no rule serves', rules, named('D1 D2 x'), ['P1', 'P7', 'P8'], 'docs/spec/README.md: no rule serves P8'],
    ['a promise there is not', rules, named('D1 D2 x'), ['P7'], 'spec.md: D2 serves no promise P1'],
    ['no rules', [], [], ['P1'], 'No rule was found.'],
    ['no promises', rules, named('D1 D2 x'), [], 'No promise was found.'],
  ])('disagree over %s', (_, stated, tests, promises, problem) => {
    expect(disagreements(stated, tests, promises)).toContain(problem);
  });
});
