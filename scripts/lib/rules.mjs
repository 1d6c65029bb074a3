/** @typedef {{ id: string, sentence: string, promises: string[], page: string }} Rule */
/** @typedef {{ ids: string[], title: string, file: string, line: number }} NamedTest */

const ruleLine = /^- \*\*([HRSDY]\d+)\*\* (.+) \((P\d+(?:, P\d+)*)\)$/;
const ids = String.raw`(?:[HRSDY]\d+\b[,:]?\s+)+`;
// A title is what `test`, `it`, `describe` or `journey` is called with, also behind `.each(…)`; or it heads a row of such a table.
const title = new RegExp(
  String.raw`((?:\b(?:test|it|describe|journey)(?:\.\w+)*|\))\s*\(|\[)\s*(['"${'`'}])(${ids})((?:\\.|(?!\2)[^\\])*)\2`,
  'g',
);

/**
 * The rules that a page of the specification states.
 * @param {string} page
 * @param {string} text
 * @returns {{ rules: Rule[], problems: string[] }}
 */
export function rulesOf(page, text) {
  /** @type {Rule[]} */
  const rules = [];
  /** @type {string[]} */
  const problems = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (!/^\s*[-*] \*\*/.test(line)) continue;
    const [, id, sentence, promises] = ruleLine.exec(line) ?? [];
    if (id && sentence && promises) rules.push({ id, sentence, promises: promises.split(', '), page });
    else problems.push(`${page}:${index + 1}: a rule reads "- **D3** Sentence. (P7)": ${line.slice(0, 80)}`);
  }
  return { rules, problems };
}

/**
 * The tests of a file whose titles begin with rules. What is skipped or still to be written proves nothing.
 * @param {string} file
 * @param {string} text
 * @returns {NamedTest[]}
 */
export function testsOf(file, text) {
  const code = text.replaceAll(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(title)]
    .filter(([, call = '']) => !/\.(skip|todo|fails)\s*\(/.test(call))
    .map((match) => ({
      ids: [...(match[3] ?? '').matchAll(/\w+/g)].map(String),
      title: `${match[3]}${match[4]}`.replaceAll('\\', ''),
      file,
      line: code.slice(0, match.index).split('\n').length,
    }));
}

/**
 * Holds rules, promises and tests against each other.
 * @param {Rule[]} rules
 * @param {NamedTest[]} tests
 * @param {string[]} promises that each need a rule
 * @returns {string[]} one line for each thing that is wrong
 */
export function disagreements(rules, tests, promises) {
  const stated = new Set(rules.map(({ id }) => id));
  const proven = new Set(tests.flatMap((test) => test.ids));
  const served = new Set(rules.flatMap((rule) => rule.promises));
  return [
    ...(rules.length === 0 ? ['No rule was found.'] : []),
    ...(promises.length === 0 ? ['No promise was found.'] : []),
    ...rules
      .filter(({ id }, index) => rules.findIndex((rule) => rule.id === id) < index)
      .map(({ id, page }) => `${page}: ${id} is stated twice`),
    ...rules
      .filter(({ id }) => !proven.has(id))
      .map(({ id, page, sentence }) => `${page}: ${id} has no test: ${sentence}`),
    ...tests.flatMap((test) =>
      test.ids
        .filter((id) => !stated.has(id))
        .map((id) => `${test.file}:${test.line}: there is no rule ${id}: ${test.title}`),
    ),
    ...promises.filter((id) => !served.has(id)).map((id) => `docs/spec/README.md: no rule serves ${id}`),
    ...rules.flatMap((rule) =>
      rule.promises
        .filter((id) => !promises.includes(id))
        .map((id) => `${rule.page}: ${rule.id} serves no promise ${id}`),
    ),
  ];
}
